"""Fixed phrases that the assistant speaks, by language."""

from __future__ import annotations

from types import MappingProxyType

PHRASES = MappingProxyType(
    {
        "en": {
            "recognizer": "Sorry, I could not understand that. Speech recognition failed.",
            "model": "Sorry, I cannot reach my language model right now.",
            "synthesizer": "Sorry, there is a problem with my voice.",
            "no_answer": "Sorry, I don't have an answer to that.",
            "blocked": "Sorry, I would rather not talk about that.",
            "self_harm": "I am sorry that you are going through this. I am only a machine and cannot give you the help "
            "you deserve, but a person can. Please talk to someone you trust now, or call your local emergency number "
            "or a crisis line. You do not have to be alone with it.",
            "late": "About “{words}”: {text}",
            "recording": "This conversation is being recorded.",
            "timer": "Your timer is up.",
            "timer_named": "Your {label} timer is up.",
            "alarm": "This is your alarm.",
            "alarm_named": "This is your alarm: {label}.",
            "reminder": "This is your reminder.",
            "reminder_named": "Your reminder: {label}.",
        },
        "zh": {
            "recognizer": "抱歉，语音识别出了点问题，我没听清。",
            "model": "抱歉，我暂时连不上语言模型。",
            "synthesizer": "抱歉，我的声音出了问题。",
            "no_answer": "抱歉，这个问题我答不上来。",
            "blocked": "抱歉，这个话题我不方便聊。",
            "self_harm": "听到您这样说，我很难过。我只是一台机器，给不了您应得的帮助，但有人可以。"
            "请现在就和您信任的人说一说，或者拨打当地的急救电话或心理援助热线。您不必一个人承受。",
            "late": "您刚才说“{words}”：{text}",
            "recording": "本次对话正在录音。",
            "timer": "您的计时器到了。",
            "timer_named": "您的{label}计时器到了。",
            "alarm": "闹钟时间到了。",
            "alarm_named": "闹钟时间到了：{label}。",
            "reminder": "提醒时间到了。",
            "reminder_named": "提醒您{label}。",
        },
        "de": {
            "recognizer": "Entschuldigung, ich konnte das nicht verstehen.",
            "model": "Entschuldigung, ich erreiche mein Sprachmodell gerade nicht.",
            "synthesizer": "Entschuldigung, mit meiner Stimme stimmt etwas nicht.",
            "no_answer": "Darauf habe ich leider keine Antwort.",
            "blocked": "Entschuldigung, darüber möchte ich lieber nicht sprechen.",
            "self_harm": "Es tut mir leid, dass es Ihnen so geht. Ich bin nur eine Maschine und kann Ihnen nicht so "
            "helfen, wie Sie es verdienen, ein Mensch aber schon. Bitte sprechen Sie jetzt mit jemandem, dem Sie "
            "vertrauen, oder rufen Sie den Notruf oder eine Krisenhilfe an. Sie müssen damit nicht allein sein.",
            "late": "Zu „{words}“: {text}",
            "recording": "Dieses Gespräch wird aufgezeichnet.",
            "timer": "Ihr Timer ist abgelaufen.",
            "timer_named": "Ihr Timer {label} ist abgelaufen.",
            "alarm": "Ihr Wecker klingelt.",
            "alarm_named": "Ihr Wecker klingelt: {label}.",
            "reminder": "Das ist Ihre Erinnerung.",
            "reminder_named": "Das ist Ihre Erinnerung: {label}.",
        },
    }
)


def phrase(key: str, language: str = "en", **values: str) -> str:
    """The phrase for `key` in a language given as BCP 47 tag, English where that language has none."""
    table = PHRASES.get(language.split("-")[0].lower(), PHRASES["en"])
    return table[key].format(**values)
