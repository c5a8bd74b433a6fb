// What the server tells in English, by its code, in the other languages; loaded where one of them is spoken.

export const TOLD = {
  zh: {
    notes: {
      recognizer: "语音识别出了问题，这句话没有听清。",
      model: "语言模型没有回答。",
      synthesizer: "语音合成出了问题，请看字幕。",
      history: "这次对话没能记下来。",
      undeleted: "这次对话没能删除。",
      deleted: "这次对话已删除。",
      connected: "已重新连接到会话。",
      disconnected: "与会话的连接断了。",
      length: "回答太长，到上限被截断了；说“继续”可以听下文。",
      content_filter: "模型服务器的过滤器中止了回答。",
      blocked: "内容审核拦下了这一轮。",
      flagged: "内容审核标记了这一轮。",
      unchecked: "内容审核出了问题，这一轮没有检查。",
    },
    outcomes: { answered: "已回答", interrupted: "被打断", failed: "失败", empty: "没有话" },
    rules: { complete: "已说完", unfinished: "未说完", "own pauses": "自己的停顿", default: "默认", command: "命令", model: "模型", typed: "打字" },
  },
};
