// OpenAI's clients for JavaScript against one server: node clients.mjs http://… < 24 kHz PCM; prints what they were told.
import { Agent, Runner, setTracingDisabled } from "@openai/agents-core";
import { OpenAIConversationsSession, OpenAIProvider } from "@openai/agents-openai";
import { RealtimeAgent, RealtimeSession, tool } from "@openai/agents-realtime";
import OpenAI, { NotFoundError, toFile } from "openai";
import { z } from "zod";

const server = process.argv[2];
const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const speech = Buffer.concat(chunks);
const client = new OpenAI({ baseURL: `${server}/v1`, apiKey: "none", maxRetries: 0 });
setTracingDisabled(true);

const light = tool({
  name: "light",
  description: "Turn the light on or off.",
  parameters: z.object({ on: z.boolean() }),
  execute: async ({ on }) => `the light is ${on ? "on" : "off"}`,
});

function wav(pcm) {
  const head = Buffer.alloc(44);
  head.write("RIFF", 0);
  head.writeUInt32LE(36 + pcm.length, 4);
  head.write("WAVEfmt ", 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(24000, 24);
  head.writeUInt32LE(48000, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write("data", 36);
  head.writeUInt32LE(pcm.length, 40);
  return Buffer.concat([head, pcm]);
}

/** A spoken conversation by the Agents SDK, in which a tool is called. */
async function spoken() {
  const agent = new RealtimeAgent({ name: "Helper", instructions: "Be brief.", tools: [light] });
  const session = new RealtimeSession(agent, { transport: "websocket", model: "voice", tracingDisabled: true });
  const audio = [];
  const calls = [];
  let answers = 0;
  session.on("audio", ({ data }) => audio.push(Buffer.from(data)));
  session.on("agent_tool_end", (_context, _agent, called, result) => calls.push([called.name, result]));
  const texts = (role) =>
    session.history
      .filter((item) => item.type === "message" && item.role === role)
      .map((item) => item.content.map((part) => part.transcript ?? part.text ?? "").join(""));
  const ended = new Promise((resolve, reject) => {
    session.on("error", ({ error }) => reject(new Error(JSON.stringify(error))));
    session.transport.on("turn_done", () => {
      answers += 1;
      if (answers === 1) setTimeout(() => session.sendMessage("light on"), 2500);
      if (answers === 3) setTimeout(resolve, 300);
    });
  });
  await session.connect({ apiKey: "none", url: `${server.replace("http", "ws")}/v1/realtime?model=voice` });
  session.sendAudio(speech.buffer.slice(speech.byteOffset, speech.byteOffset + speech.byteLength));
  await ended;
  session.close();
  return { heard: texts("user"), said: texts("assistant"), calls, audio: Buffer.concat(audio).toString("base64") };
}

/** Responses: one, the next, streamed, its events again, and after it was deleted. */
async function responses() {
  const first = await client.responses.create({ model: "scripted", input: "hello" });
  const events = [];
  const streamed = await client.responses.create({
    model: "scripted",
    input: "and then?",
    previous_response_id: first.id,
    stream: true,
  });
  let id = "";
  for await (const event of streamed) {
    events.push(event.type);
    if (event.type === "response.completed") id = event.response.id;
  }
  const again = await client.responses.retrieve(id);
  const inputs = await client.responses.inputItems.list(id);
  await client.responses.delete(id);
  const gone = await client.responses.retrieve(id).catch((error) => error);
  return {
    first: first.output_text,
    events,
    again: again.output_text,
    inputs: inputs.data.length,
    gone: [gone instanceof NotFoundError, gone.code],
  };
}

/** A conversation, what is added to it, and its items. */
async function conversations() {
  const hello = { type: "message", role: "user", content: [{ type: "input_text", text: "hello" }] };
  const made = await client.conversations.create({ metadata: { about: "tests" }, items: [hello] });
  await client.responses.create({ model: "scripted", input: "and then?", conversation: made.id });
  const items = [];
  for await (const item of client.conversations.items.list(made.id, { order: "asc", limit: 2 }))
    items.push([item.role, item.content.map((part) => part.text).join("")]);
  const looked = await client.conversations.retrieve(made.id);
  const deleted = await client.conversations.delete(made.id);
  return { items, metadata: looked.metadata, deleted: deleted.deleted };
}

/** A text as speech, and a recording as words. */
async function audio() {
  const made = await client.audio.speech.create({ model: "tts-1", voice: "alloy", input: "Hello.", response_format: "wav" });
  const file = await toFile(wav(speech), "said.wav");
  const heard = await client.audio.transcriptions.create({ model: "whisper-1", file });
  return { wav: Buffer.from(await made.arrayBuffer()).toString("base64"), heard: heard.text };
}

/** Agents that think over Responses, with a tool and a conversation that the server keeps; streamed and not. */
async function agents() {
  const runner = new Runner({ modelProvider: new OpenAIProvider({ openAIClient: client, useResponses: true }) });
  const agent = new Agent({ name: "Helper", instructions: "Be brief.", model: "scripted", tools: [light] });
  const session = new OpenAIConversationsSession({ client });
  const called = await runner.run(agent, "light on", { session });
  const streamed = await runner.run(agent, "hello", { session, stream: true });
  let text = "";
  for await (const piece of streamed.toTextStream()) text += piece;
  await streamed.completed;
  return { called: called.finalOutput, streamed: text, kept: (await session.getItems()).map((item) => item.type) };
}

const parts = { spoken, responses, conversations, audio, agents };
const told = await Promise.all(
  Object.entries(parts).map(async ([name, part]) => [name, await part().catch((error) => ({ error: error.stack }))]),
);
process.stdout.write(JSON.stringify(Object.fromEntries(told)), () => process.exit(0));
