// What the operator's corner shows, gathered from everywhere.

export function facts(talk, settings, { op }) {
  const { microphone, speaker, conversation, realtime } = talk;
  const ms = (value) => (Number.isFinite(value) ? `${Math.round(value)} ms` : "–");
  const input = microphone.settings;
  return {
    words: op,
    sections: {
      [op.connection]: [
        [op.link, talk.link === "up" ? op.up : op.down],
        [op.session, realtime.sessionName || "–"],
        [op.resumed, realtime.resumed],
        [op.version, settings.version],
      ],
      [op.engines]: Object.entries(settings.engines),
      [op.devices]: [
        [op.microphone, microphone.label ? `${microphone.label}, ${input.sampleRate ?? "?"} Hz` : "–"],
        ["echo · noise · gain", [input.echoCancellation, input.noiseSuppression, input.autoGainControl].map((on) => (on ? "on" : "off")).join(" · ")],
        [op.speaker, speaker.rate ? `${speaker.rate} Hz` : "–"],
        [op.output, ms(speaker.latencyMs)],
        [op.buffer, ms(speaker.last?.bufferedMs)],
        [op.underruns, speaker.last?.underruns ?? 0],
      ],
    },
    levels: [
      [op.captured, talk.captured],
      [op.heard, conversation.level],
      [op.played, speaker.last?.dbfs ?? -100],
    ],
    latencies: conversation.latencies,
    notices: conversation.notices,
  };
}
