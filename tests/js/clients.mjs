// A spoken conversation by the OpenAI Agents SDK: node agents.mjs ws://…/v1/realtime < 24 kHz PCM; prints what came.
import { RealtimeAgent, RealtimeSession, tool } from "@openai/agents-realtime";
import { z } from "zod";

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const speech = Buffer.concat(chunks);

const light = tool({
  name: "light",
  description: "Turn the light on or off.",
  parameters: z.object({ on: z.boolean() }),
  execute: async ({ on }) => `the light is ${on ? "on" : "off"}`,
});
const agent = new RealtimeAgent({ name: "Helper", instructions: "Be brief.", tools: [light] });
const session = new RealtimeSession(agent, { transport: "websocket", model: "voice", tracingDisabled: true });

const audio = [];
const calls = [];
let answers = 0;
let interrupted = 0;
session.on("audio", ({ data }) => audio.push(Buffer.from(data)));
session.on("audio_interrupted", () => (interrupted += 1));
session.on("agent_tool_end", (_context, _agent, called, result) => calls.push([called.name, result]));
session.on("error", ({ error }) => {
  console.error(JSON.stringify(error));
  process.exit(1);
});
const texts = (role) =>
  session.history
    .filter((item) => item.type === "message" && item.role === role)
    .map((item) => item.content.map((part) => part.transcript ?? part.text ?? "").join(""));

function finish() {
  session.close();
  const told = { heard: texts("user"), said: texts("assistant"), calls, interrupted };
  const line = JSON.stringify({ ...told, audio: Buffer.concat(audio).toString("base64") });
  process.stdout.write(line, () => process.exit(0));
}

session.transport.on("turn_done", () => {
  answers += 1;
  if (answers === 1) setTimeout(() => session.sendMessage("light on"), 2500);
  if (answers === 3) setTimeout(finish, 300);
});

await session.connect({ apiKey: "none", url: process.argv[2] });
session.sendAudio(speech.buffer.slice(speech.byteOffset, speech.byteOffset + speech.byteLength));
