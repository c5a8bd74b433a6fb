// The contents of the operator panel.

import { STRINGS } from "./strings.js";
import { ms } from "./waterfall.js";

/** `known` is what the server says only to the operator, null until it has. */
export function facts(page, known) {
  const { op } = page.words;
  const { microphone, speaker, conversation, realtime, link, captured } = page.talk;
  const input = microphone.settings;
  const part = (name) => {
    const [, does, language] = /^(.*?)(?: (\w\w))?$/.exec(name);
    return [op.parts[does] ?? does, STRINGS[language]?.languageName].filter(Boolean).join(" ");
  };
  return {
    words: { ...op, ...page.told },
    sections: {
      [op.connection]: [
        [op.link, link === "up" ? op.up : op.down],
        [op.session, realtime.sessionName || "–"],
        [op.resumed, realtime.resumed],
        [op.version, known?.version ?? "–"],
      ],
      [op.engines]: Object.entries(known?.engines ?? {}).map(([name, engine]) => [part(name), engine]),
      [op.devices]: [
        [op.microphone, microphone.label ? `${microphone.label}, ${input.sampleRate ?? "?"} Hz` : "–"],
        [op.processing, [input.echoCancellation, input.noiseSuppression, input.autoGainControl].map((on) => (on ? op.on : op.off)).join(" · ")],
        [op.speaker, speaker.rate ? `${speaker.rate} Hz` : "–"],
        [op.output, ms(speaker.latencyMs)],
        [op.buffer, ms(speaker.last?.bufferedMs)],
        [op.underruns, speaker.last?.underruns ?? 0],
      ],
    },
    levels: [
      [op.captured, captured],
      [op.heard, conversation.level],
      [op.played, speaker.last?.dbfs ?? -100],
    ],
    latencies: conversation.latencies,
    notices: conversation.notices.map((notice) => page.inWords(notice)),
  };
}
