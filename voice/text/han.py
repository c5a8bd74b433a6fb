"""Traditional characters to simplified ones, as far as the product's own word lists and notes go."""

from __future__ import annotations

_PAIRS = (
    "現现 幾几 點点 鐘钟 設设 個个 計计 時时 幫帮 請请 問问 兩两 萬万 億亿 負负 嗎吗 麼么 說说 "
    "讀读 這这 會会 為为 號号 週周 禮礼 聽听 沒没 還还 換换 攝摄 華华 裡里 裏里 離离 遠远 陽阳 "
    "氣气 減减 開开 關关 對对 錯错 謝谢 見见 溫温 藍蓝 顆颗 誰谁 讓让 單单 轉转 從从 給给 與与 "
    "後后 嘗尝 應应 當当 來来 過过 話话 樣样 種种 習习 麽么 於于 別别 鬧闹 錄录 隱隐 連连 結结 題题 間间 "
    "長长 傷伤 達达 數数 熱热 積积 體体 電电 碼码 鎖锁 濕湿 條条 閉闭 語语 圓圆 覺觉 無无 臺台 "
    "幀帧 侖仑 傳传 剛刚 刪删 辦办 動动 釐厘 啟启 聲声 復复 複复 誇夸 實实 爾尔 報报 據据 斷断 "
    "術术 機机 湯汤 煩烦 燒烧 約约 紹绍 脫脱 節节 雖虽 認认 證证 識识 訴诉 運运 額额 馬马 驗验 "
    "靜静 記记 夠够 將将 準准 線线 總总 統统 國国 寫写 歲岁 錢钱 環环 衛卫 壓压 寬宽 併并 瑪玛 "
    "腦脑 裝装 網网 嚮向 曆历 歷历 處处 難难 錶表 鐵铁 銀银 龍龙 歐欧 亞亚 陰阴 場场 邊边 頭头 "
    "師师 學学 醫医 愛爱 業业 "
)
_TABLE = {ord(pair[0]): pair[1] for pair in _PAIRS.split()}


def simplified(text: str) -> str:
    """The text with the traditional characters a recognizer writes in common questions replaced; same length."""
    return text.translate(_TABLE)
