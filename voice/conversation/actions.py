"""What a conversation does when its turn machine asks for it: one method per action, and the table of them."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from functools import partial

from voice.asr.interface import Transcript
from voice.audio.frames import Pcm
from voice.clock import Alarms
from voice.conversation import observer as note
from voice.conversation.audio_input import AudioInput
from voice.conversation.components import Components
from voice.conversation.history import ENDS, History
from voice.conversation.reply import Reports, SpokenReply
from voice.conversation.timers import TimerRinger
from voice.conversation.transcriber import Transcriber
from voice.errors import VoiceError
from voice.llm.builtin.timer_list import Timer
from voice.llm.interface import Done, Effect
from voice.sessions.interface import ConnectionChanged, Reply, Working
from voice.text.german.words import question_language
from voice.text.phrases import phrase
from voice.text.placeholders import BLOCKED
from voice.tools.sayings import saying
from voice.trace import TurnTrace
from voice.turn import events as ev
from voice.turn.state import State
from voice.turn.turn_model import TurnModel
from voice.worker import Worker


class Actions(ABC):
    """The state of one conversation, and the actions on it. `tell` gives the machine an event."""

    _loop: asyncio.AbstractEventLoop
    _alarms: Alarms
    _tasks: asyncio.TaskGroup
    _listener: Transcriber
    _ringing: TimerRinger
    _hearing: AudioInput

    def __init__(self, parts: Components) -> None:
        self.speaks = True
        """Whether replies are given a voice; else they are only text."""
        self._parts, self._machine, self._playout = parts, parts.machine, parts.playout
        self._events: deque[tuple[ev.Event, float]] = deque()
        self._telling: bool = False
        self._traces: dict[int, TurnTrace] = {}
        self._reply: SpokenReply | None = None
        self._replies = 0
        self._remembering = History(lambda error: parts.observer(note.Notice(str(error), "error", "history")))
        self._shown = (0, 0)
        self._said = ("", 0.0)
        self._changed = asyncio.Event()
        self.running = False

    @abstractmethod
    def tell(self, event: ev.Event, now: float | None = None) -> None:
        """Give the machine an event and do what it asks for; on the event loop, also from within an action."""

    def _perform(self, actions: list[ev.Action], now: float) -> None:
        for action in actions:
            self._parts.watch(action, now)
            ACTIONS[type(action)](self, action, now)

    @property
    def muted(self) -> bool:
        """Whether nothing is heard."""
        return self._hearing.muted

    def mute(self, muted: bool) -> None:
        """Hear nothing at all, or hear again."""
        if muted is not self.muted:
            self._hearing.mute(muted)
            earcons = self._parts.earcons
            self._playout.chime(earcons.mute if muted else earcons.unmute)
            self._parts.observer(note.Muted(muted))

    @property
    def volume(self) -> float:
        """Loudness of all that is played, 1 as it is made."""
        return self._playout.volume

    @volume.setter
    def volume(self, volume: float) -> None:
        self._playout.volume = volume

    def _heard_words(self, turn: int, transcript: Transcript) -> None:
        trace = self._traces.get(turn)  # a recognizer may be late, its turn over
        if transcript.notes and trace is not None:
            trace.notes["asr"] = transcript.notes
        if "error" in transcript.notes:
            self._parts.observer(note.Notice(str(transcript.notes["error"]), "error", "recognizer"))
        elif transcript.text:
            self._parts.observer(note.TranscriptChanged(transcript.text, False, transcript.stable))

    # What the machine asks for.

    def _do_listen(self, action: ev.Listen, now: float) -> None:
        self._trace(action.turn)
        self._listener.open(action.turn, action.at, over_reply=action.over_reply)
        self._parts.speaker.open(action.turn)

    def _do_forget(self, action: ev.Forget, now: float) -> None:
        self._listener.close(action.turn)

    def _do_transcribe(self, action: ev.Transcribe, now: float) -> None:
        self._listener.transcribe(action.turn, action.revision)
        self._parts.speaker.finish(action.turn)

    def _do_judge(self, action: ev.AskTurnModel, now: float) -> None:
        model = self._parts.turn_model
        assert model is not None, "the policy judges only with a turn model"
        pcm = self._listener.audio(action.turn)
        self._tasks.create_task(self._judge(model, action, pcm), name=f"judge {action.turn}")

    async def _judge(self, model: Worker[TurnModel], action: ev.AskTurnModel, pcm: Pcm) -> None:
        """A model that fails or is late costs nothing: the endpoint is decided without it."""
        try:
            complete = await model.call(lambda engine: engine.probability(pcm))
        except VoiceError as error:
            self._parts.observer(note.Notice(f"turn detection uses only the words: {error}", "warning"))
        else:
            self.tell(ev.Judged(action.turn, action.revision, complete))

    def _do_grew(self, action: ev.Grew, now: float) -> None:
        self._trace(action.turn).clear("speech_end", "endpoint")

    def _do_decided(self, action: ev.Decided, now: float) -> None:
        trace = self._trace(action.turn)
        trace.rule = action.rule
        trace.mark("speech_end", action.speech_end)
        trace.mark("endpoint", now)

    def _do_send(self, action: ev.Send, now: float) -> None:
        self._parts.speaker.finish(action.turn)
        trace = self._trace(action.turn)
        trace.text = action.text
        trace.mark("transcript", now)
        sent = trace.notes.get("sent", 0)
        trace.notes["sent"] = (sent if isinstance(sent, int) else 0) + 1

        async def ask() -> Reply:
            await self._parts.speaker.sending(action.turn)
            await self._remembering.settled()  # the history is settled before the session sees new words
            return self._parts.session.send(action.text, draft=True)

        self._begin(action.turn, action.revision).start(self._tasks, ask)

    def _do_discard(self, action: ev.Discard, now: float) -> None:
        reply = self._of(action.turn)
        if reply is not None:
            reply.cancel()
            if reply.reply is not None:
                self._remembering.do(reply.reply.discard())
            self._reply = None
            self._trace(action.turn).text = ""
            self._trace(action.turn).clear("transcript", "first_token", "first_clause", "first_audio")

    def _do_release(self, action: ev.Release, now: float) -> None:
        reply = self._of(action.turn)
        if reply is not None:
            trace = self._trace(action.turn)
            if trace.text:
                self._parts.observer(note.TranscriptChanged(trace.text, True, len(trace.text)))
                if trace.rule != "typed":
                    self._playout.chime(self._parts.earcons.turn)
            reply.release()

    def _do_commit(self, action: ev.Commit, now: float) -> None:
        reply = self._of(action.turn)
        if reply is not None and reply.reply is not None:
            self._remembering.do(reply.reply.commit())
            reply.commit()
            self._parts.speaker.committed(action.turn)

    def _do_pause(self, action: ev.Pause, now: float) -> None:
        self._playout.pause()

    def _do_resume(self, action: ev.Resume, now: float) -> None:
        self._trace(action.turn).notes["resumed"] = True
        self._playout.resume()

    def _do_truncate(self, action: ev.Truncate, now: float) -> None:
        reply = self._of(action.turn)
        if reply is not None:
            reply.cancel()
            self._show()  # the last word on it, before it is known to have ended
            if reply.reply is not None:
                self._remembering.do(reply.reply.commit())
                self._remembering.do(reply.reply.truncate(reply.heard()))

    def _do_say(self, action: ev.Say, now: float) -> None:
        reply = self._of(action.turn)
        if reply is None or reply.over:
            reply = self._begin(action.turn, action.revision)
            reply.start(self._tasks, None)
        self._trace(action.turn).notes["said"] = action.text
        if action.rings:
            self._playout.push(self._parts.earcons.timer, reply.number)
        self._tasks.create_task(reply.say_instead(action.text), name=f"say {action.turn}")

    def _do_filler(self, action: ev.Filler, now: float) -> None:
        if self._playout.buffered_s <= 0:  # what is being said is sound enough
            self._playout.chime(self._parts.earcons.thinking)

    def _do_bridge(self, action: ev.Bridge, now: float) -> None:
        reply = self._of(action.turn)
        if reply is None or reply.text.strip() or self._playout.buffered_s > 0:
            return
        words = self._trace(action.turn).text
        reply.bridge(saying(action.saying, question_language(words) or self._parts.language))

    def _do_finish(self, action: ev.Finish, now: float) -> None:
        trace = self._trace(action.turn)
        del self._traces[action.turn]
        trace.outcome = action.outcome
        reply = self._of(action.turn)
        if reply is not None:
            self._show()
            trace.reply, trace.heard = reply.text, reply.text[: reply.heard()]
            self._said = (reply.sounding() if trace.heard else "", now)
            self._reply = None
            if not reply.over:
                reply.cancel()
        if action.outcome is ev.Outcome.FAILED:
            self._playout.chime(self._parts.earcons.error)
        if ENDS in trace.notes:
            self._parts.wake.close()
        elif action.outcome is not ev.Outcome.EMPTY:
            self._parts.wake.answered(now)
        self._parts.observer(note.TurnEnded(trace))

    # Replies.

    def _trace(self, turn: int) -> TurnTrace:
        return self._traces.setdefault(turn, TurnTrace(turn, self._parts.session.id))

    def _of(self, turn: int) -> SpokenReply | None:
        return self._reply if self._reply is not None and self._reply.turn == turn else None

    def _begin(self, turn: int, revision: int) -> SpokenReply:
        """A new reply, which reports its progress to this conversation while it is the current one."""
        parts = self._parts
        self._replies += 1
        self._shown = (0, 0)

        def failed(stage: str, what: str) -> None:
            parts.observer(note.Notice(what, "error", stage))
            self.tell(ev.StageFailed(turn, revision, ev.Stage(stage), phrase(stage, parts.language)))

        self._reply = SpokenReply(
            self._replies,
            turn,
            revision,
            parts.voices,
            self._playout,
            Reports(
                moment=self._trace(turn).mark,
                text=lambda text: self._show(),
                link=self._linked,
                effect=self._effect,
                working=partial(self._working, turn, revision),
                remarkable=partial(self._remarkable, turn),
                failed=failed,
                voice_failed=lambda what, replaced: parts.observer(
                    note.Notice(f"{what}; switching to another voice" if replaced else what, "warning")
                ),
            ),
            language=parts.language,
            ahead=self._machine.policy.speculate == "tts",
            silent=not self.speaks,
        )
        return self._reply

    def _show(self) -> None:
        """Show the reply as far as it has been heard, where that has changed."""
        reply = self._reply
        if reply is not None and (shown := (reply.heard(), len(reply.text))) != self._shown:
            self._shown = shown
            self._parts.observer(note.ReplySpoken(reply.text[: shown[0]], reply.text))

    def _linked(self, link: ConnectionChanged) -> None:
        self._parts.observer(link)
        if not link.up:
            self._playout.chime(self._parts.earcons.thinking)
        text = "reconnected to the session" if link.up else f"lost the connection to the session: {link.reason}"
        self._parts.observer(note.Notice(text, *(("info", "connected") if link.up else ("warning", "disconnected"))))

    def _remarkable(self, turn: int, done: Done) -> None:
        if done.blocked == "input" and turn in self._traces:
            self._traces[turn].text = BLOCKED
        for notice in note.remarks(done):
            self._parts.observer(notice)

    def _working(self, turn: int, revision: int, working: Working) -> None:
        if working.done:
            self.tell(ev.ToolRests(turn, revision))
        else:
            self.tell(ev.ToolRuns(turn, revision, working.saying, working.acts))

    def _effect(self, effect: Effect) -> None:
        if self._parts.acts(effect):
            return
        if effect.kind == "device.volume":
            by, level = effect.data.get("change"), effect.data.get("level")
            wanted = float(str(level)) if level is not None else self.volume * 100 + float(str(by or 0))
            self.volume = min(100.0, max(0.0, wanted)) / 100
        elif effect.kind == "device.mute":
            self.mute(True)
        elif effect.kind == "conversation.end":
            if self._reply is not None and self._reply.turn in self._traces:
                self._traces[self._reply.turn].notes[ENDS] = True  # once the reply is over
        else:
            self._ringing.act(effect, self._loop.time())

    def _rings(self, timer: Timer) -> None:
        key = f"{timer.kind}_named" if timer.label else timer.kind
        text = phrase(key, self._parts.language, label=timer.label)
        self._parts.observer(note.Notice(text))
        self._parts.observer(note.TimerRang(timer.label))
        if self._machine.state is not State.IDLE:
            self._playout.chime(self._parts.earcons.timer)  # at once; the words wait until no one is speaking
        self.tell(ev.Announce(text))


C = Actions
ACTIONS: dict[type, Callable[..., None]] = {
    ev.Listen: C._do_listen,
    ev.Forget: C._do_forget,
    ev.Transcribe: C._do_transcribe,
    ev.AskTurnModel: C._do_judge,
    ev.Grew: C._do_grew,
    ev.Decided: C._do_decided,
    ev.Send: C._do_send,
    ev.Discard: C._do_discard,
    ev.Release: C._do_release,
    ev.Commit: C._do_commit,
    ev.Pause: C._do_pause,
    ev.Resume: C._do_resume,
    ev.Truncate: C._do_truncate,
    ev.Say: C._do_say,
    ev.Filler: C._do_filler,
    ev.Bridge: C._do_bridge,
    ev.Finish: C._do_finish,
}
