"""The sentences of `voice setup` in the language of its person: written in English, looked up in Chinese."""

from __future__ import annotations

from collections.abc import Mapping

CHINESE: Mapping[str, str] = {
    "Welcome. A few questions, once; Enter takes the first answer.": (
        "欢迎。只需回答几个问题，仅此一次；按回车选择第一项。"
    ),
    "No microphone is here (over SSH that is usual), so it is not tried.": (
        "这里没有麦克风（通过 SSH 登录时很常见），跳过麦克风测试。"
    ),
    "skip the questions (later: voice setup)": "跳过这些问题（以后运行：voice setup）",
    "Anything else?": "还要设置别的吗？",
    "no, start": "不用了，开始",
    "What do you want to change?": "你想更改什么？",
    "nothing more": "没有了",
    "the language you speak": "你说的语言",
    "speech models that fit this machine": "适合这台机器的语音模型",
    "the microphone, tried with a sentence": "麦克风（读一句话来测试）",
    "the voice and the speaker": "声音和扬声器",
    "whether the assistant hears itself": "助手是否会听到自己的声音",
    "the language model": "语言模型",
    "the name of the assistant": "助手的名字",
    "who speaks, where several people do": "是谁在说话（家里有几个人时）",
    "the wake word": "唤醒词",
    "Home Assistant": "Home Assistant",
    "another one": "其他语言",
    "Which language do you speak?": "你说哪种语言？",
    "Its tag, such as sv or pt-BR": "它的代码，例如 sv 或 pt-BR",
    "That is not a language tag.": "这不是语言代码。",
    "fetch what fits this machine (150 to 300 MB, once)": "下载适合这台机器的模型（150 到 300 MB，仅此一次）",
    "use the built-in engines": "使用内置引擎",
    "Speech models?": "语音模型怎么选？",
    "The microphone is tried with a person only: voice setup microphone": (
        "麦克风测试需要有人在场：voice setup microphone"
    ),
    "Read this aloud: “{sentence}”": "请大声读：“{sentence}”",
    "Nothing was heard. Is the microphone muted?": "什么也没听到。麦克风是不是关着？",
    "I understood: “{heard}”": "我听到的是：“{heard}”",
    "I understood only: “{heard}”": "我只听到：“{heard}”",
    "go on": "继续",
    "try again": "再试一次",
    "try another microphone": "换一个麦克风",
    "Which microphone?": "用哪个麦克风？",
    "keep {name}": "保留 {name}",
    "try {name}": "试听 {name}",
    "try {name} (fetches {size} MB)": "试听 {name}（下载 {size} MB）",
    "keep the built-in voice": "保留内置声音",
    "say it again": "再说一遍",
    "I hear nothing: try another speaker": "听不到：换一个扬声器",
    "Do you hear the voice? Which one shall speak?": "听到声音了吗？用哪一个？",
    "Which voice shall speak?": "用哪个声音？",
    "Which speaker?": "用哪个扬声器？",
    "The microphone does not hear the speaker. Good: nothing to cancel.": "麦克风听不到扬声器。很好，不需要消除回声。",
    "The microphone hears the speaker; the echo canceller is installed and removes it.": (
        "麦克风能听到扬声器；回声消除已安装，会把它去掉。"
    ),
    "install the echo canceller (livekit)": "安装回声消除（livekit）",
    "I use headphones, or I do not interrupt": "我用耳机，或者不会打断它",
    "I can hear myself.": "我能听到自己的声音。",
    "{kind} runs here; its models: {count}.": "{kind} 正在这里运行，有 {count} 个模型。",
    "Which language model answers?": "由哪个语言模型来回答？",
    "none: time, sums, timers and your notes work without": "不用：报时、算数、计时器和你的笔记不需要它",
    "a server at another address": "其他地址的服务器",
    "its only one": "它唯一的模型",
    "Which of its models?": "用它的哪个模型？",
    "Its address, such as https://api.openai.com/v1 (empty: none)": (
        "它的地址，例如 https://api.openai.com/v1（留空：不用）"
    ),
    "Its address (empty: none)": "它的地址（留空：不用）",
    "Its key (not shown)": "它的密钥（不会显示）",
    "What is the assistant called?": "助手叫什么名字？",
    "Of each person who says “my name is”, and agrees, this machine keeps how their voice sounds: numbers, "
    "no recording, on this machine only. “Forget my voice” deletes them.": (
        "谁说“我叫……”并且同意，这台机器就保存谁的声音特征：只是一些数字，不是录音，也不会离开这台机器。"
        "说“忘掉我的声音”就会删除。"
    ),
    "Do several people speak to it, and shall it know who speaks?": "是不是有几个人跟它说话，要让它认得是谁吗？",
    "no: all who speak are one person": "不用：谁说话都当作同一个人",
    "yes": "要",
    "yes (fetches {size} MB)": "要（下载 {size} MB）",
    "none: it listens to all that is said": "不用：说的话它都听",
    "a microWakeWord model of yours": "你自己的 microWakeWord 模型",
    "Which word wakes it?": "用哪个词唤醒它？",
    "Its .json file": "它的 .json 文件",
    "Address of Home Assistant (empty: none)": "Home Assistant 的地址（留空：不用）",
    "A long-lived access token from your profile there (not shown)": "在那里的个人资料中创建的长期访问令牌（不会显示）",
    "Home Assistant {version} answers.": "Home Assistant {version} 已应答。",
    "That needs {package}.": "这需要 {package}。",
    "install it": "安装",
    "leave it out": "不安装",
}


def worded(language: str, text: str, **values: object) -> str:
    """A sentence with its values, in Chinese for `zh`, else as it is."""
    return (CHINESE.get(text, text) if language == "zh" else text).format(**values)
