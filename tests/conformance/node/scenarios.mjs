// Talks to a server through OpenAI's client for JavaScript and prints what came, as one JSON object.
import { readFileSync } from "node:fs";
import OpenAI from "openai";

const model = process.env.MODEL;
const client = new OpenAI({
  baseURL: `${process.env.BASE_URL}/v1`,
  apiKey: process.env.PALAVER_API_KEY,
  maxRetries: 0,
});
const story = {
  model,
  messages: [{ role: "user", content: "Tell me a story." }],
  temperature: 0,
  max_completion_tokens: 12,
};

const weather = {
  model,
  messages: [{ role: "user", content: "What is the weather in Rome?" }],
  temperature: 0,
  max_completion_tokens: 100,
  tools: [
    {
      type: "function",
      function: {
        name: "get_weather",
        description: "Get the current weather of a city.",
        parameters: {
          type: "object",
          properties: { city: { type: "string" } },
          required: ["city"],
        },
      },
    },
  ],
};

const scenarios = {
  async unary() {
    return client.chat.completions.create(story);
  },

  async streamed() {
    const chunks = [];
    const options = { stream: true, stream_options: { include_usage: true } };
    for await (const chunk of await client.chat.completions.create({ ...story, ...options })) {
      chunks.push(chunk);
    }
    return chunks;
  },

  async helper() {
    const stream = client.chat.completions.stream({ ...story, logprobs: true, top_logprobs: 2 });
    let text = "";
    stream.on("content", (delta) => {
      text += delta;
    });
    const answer = await stream.finalChatCompletion();
    return { text, answer };
  },

  async choices() {
    const wanted = { n: 3, temperature: 1, seed: 7, stop: ["e", "a", "i", "o"] };
    const length = { max_completion_tokens: 100 };
    return client.chat.completions.create({ ...story, ...wanted, ...length });
  },

  async thinking() {
    const wanted = { enable_thinking: true, separate_reasoning: true };
    return client.chat.completions.create({ ...story, ...wanted });
  },

  async spoken() {
    const audio = { voice: "soprano", format: "pcm16" };
    const wanted = { ...story, modalities: ["text", "audio"], audio };
    const unary = await client.chat.completions.create(wanted);
    const chunks = [];
    for await (const chunk of await client.chat.completions.create({ ...wanted, stream: true })) {
      chunks.push(chunk);
    }
    const earlier = { role: "assistant", audio: { id: unary.choices[0].message.audio.id } };
    const messages = [...story.messages, earlier, { role: "user", content: "And then?" }];
    const next = await client.chat.completions.create({ ...story, messages });
    return { unary, chunks, next };
  },

  async wrongVoice() {
    const wanted = { modalities: ["text", "audio"], audio: { voice: "bob", format: "wav" } };
    return caught(client.chat.completions.create({ ...story, ...wanted }));
  },

  async ignored() {
    const asked = client.chat.completions.create({ ...story, frobnicate: 1 });
    const { response } = await asked.withResponse();
    return response.headers.get("x-ignored-fields");
  },

  async tools() {
    const asked = { ...weather, tool_choice: "auto" };
    const unary = await client.chat.completions.create(asked);
    const runner = client.chat.completions.stream(asked);
    return { unary, streamed: await runner.finalChatCompletion() };
  },

  async toolsRun() {
    const called = [];
    const runner = client.chat.completions.runTools({
      ...weather,
      tools: [
        {
          type: "function",
          function: {
            ...weather.tools[0].function,
            parse: JSON.parse,
            function: ({ city }) => {
              called.push(city);
              return "It is sunny.";
            },
          },
        },
      ],
    });
    return { content: await runner.finalContent(), called };
  },

  async left() {
    const stream = await client.chat.completions.create({
      ...story,
      max_completion_tokens: 2000,
      stream: true,
    });
    for await (const chunk of stream) {
      return chunk.choices[0].delta;
    }
  },

  async shown() {
    const shown = JSON.parse(readFileSync(process.env.SHOWN, "utf-8"));
    const answers = {};
    for (const [name, messages] of Object.entries(shown)) {
      const wanted = { model, messages, temperature: 0 };
      const unary = await client.chat.completions.create(wanted);
      const stream = client.chat.completions.stream(wanted);
      answers[name] = { unary, streamed: await stream.finalChatCompletion() };
    }
    return answers;
  },

  async models() {
    const ids = [];
    for await (const found of client.models.list()) {
      ids.push(found.id);
    }
    return ids;
  },

  async wrongField() {
    return caught(client.chat.completions.create({ ...story, temperature: 5 }));
  },

  async wrongModel() {
    return caught(client.chat.completions.create({ ...story, model: "nobody/nothing" }));
  },

  async wrongKey() {
    return caught(client.withOptions({ apiKey: "wrong" }).models.list());
  },
};

async function caught(asked) {
  try {
    await asked;
  } catch (error) {
    const { status, param, code, type, message } = error;
    return { kind: error.constructor.name, status, param, code, type, message };
  }
  return null;
}

const results = {};
for (const [name, run] of Object.entries(scenarios)) {
  results[name] = await run();
}
console.log(JSON.stringify(results));
