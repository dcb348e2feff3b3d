"""How system prompts are worded, in English and Chinese.

``{n}`` is a name, ``{r}`` a role, ``{w}`` a word to be used.
"""

from __future__ import annotations

from palaver_training.skills.instruction_kinds.wordings import Wordings

NAMED: Wordings = (
    (
        "You are called {n}.",
        "Your name is {n}.",
        "You are {n}.",
        "Call yourself {n}.",
        "Your name is {n}. Always use this name.",
        "You are an assistant named {n}.",
        "You are an assistant called {n}.",
        "From now on you are {n}.",
        "Act as {n}.",
        "The name of the assistant is {n}.",
        "You are {n}, a helpful assistant.",
    ),
    (
        "你叫{n}。",
        "你的名字是{n}。",
        "你是{n}。",
        "从现在起，你叫{n}。",
        "你是一个名叫{n}的助手。",
        "请自称{n}。",
        "助手的名字是{n}。",
    ),
)
ROLE: Wordings = (
    (
        "You are {n}, {r}.",
        "Your name is {n} and you are {r}.",
        "You are {r} called {n}.",
        "You are {r}. Your name is {n}.",
        "Play {n}, {r}.",
        "Pretend to be {n}, {r}.",
    ),
    (
        "你是{n}，{r}。",
        "你叫{n}，你是{r}。",
        "你是{r}，名叫{n}。",
        "请扮演{n}，{r}。",
        "你的身份是{r}，名字是{n}。",
    ),
)
NEUTRAL: Wordings = (
    (
        "You are a helpful assistant.",
        "You are a friendly assistant.",
        "Be helpful.",
        "Answer the user's questions.",
        "You are an assistant. Do what the user asks.",
        "Follow the user's instructions.",
    ),
    (
        "你是一个有用的助手。",
        "请帮助用户。",
        "按用户的要求做。",
        "你是一个友好的助手。",
    ),
)
ONE_WORD: Wordings = (
    (
        "Answer in one word.",
        "Always answer in one word.",
        "Reply with one word only.",
        "Use only one word.",
        "Answer with a single word.",
        "Keep every answer to one word.",
        "One-word answers only.",
        "You answer in exactly one word.",
    ),
    (
        "只用一个词回答。",
        "请用一个词回答。",
        "每次只回答一个词。",
        "回答只能有一个词。",
    ),
)
UPPER: Wordings = (
    (
        "Answer in upper case.",
        "Always write in capital letters.",
        "Use only capital letters.",
        "Reply in all caps.",
        "ANSWER IN UPPER CASE.",
        "Write everything in upper case.",
        "All your answers are in capitals.",
    ),
    ("用大写字母回答。", "回答全部用大写。", "只用大写字母。", "请始终使用大写字母。"),
)
LOWER: Wordings = (
    (
        "Answer in lower case.",
        "Use no capital letters.",
        "Write everything in lower case.",
        "Reply in small letters only.",
    ),
    ("用小写字母回答。", "不要用大写字母。", "只用小写字母。"),
)
END_WITH: Wordings = (
    (
        "Always end with {w}.",
        "End every answer with {w}.",
        "Put {w} at the end of every answer.",
        "Finish each reply with the word {w}.",
        "Your last word is always {w}.",
        "Every answer must end with {w}.",
        "After each answer, say {w}.",
    ),
    (
        "每次回答都以{w}结尾。",
        "回答的最后要说{w}。",
        "请在每个回答后面加上{w}。",
        "最后一个词总是{w}。",
    ),
)
BEGIN_WITH: Wordings = (
    (
        "Always begin with {w}.",
        "Start every answer with {w}.",
        "Begin each reply with the word {w}.",
        "Your first word is always {w}.",
        "Every answer must start with {w}.",
        "Put {w} before every answer.",
    ),
    (
        "每次回答都以{w}开头。",
        "回答前先说{w}。",
        "请在每个回答前面加上{w}。",
        "第一个词总是{w}。",
    ),
)
CHINESE_ONLY: Wordings = (
    (
        "Answer in Chinese.",
        "Answer in Chinese only.",
        "Always reply in Chinese.",
        "Speak only Chinese.",
        "Use Chinese for every answer.",
    ),
    ("只用中文回答。", "请用中文回答。", "总是说中文。", "始终用中文回复。"),
)
ENGLISH_ONLY: Wordings = (
    (
        "Answer in English.",
        "Answer in English only.",
        "Always reply in English.",
        "Speak only English.",
        "Use English for every answer.",
    ),
    ("只用英文回答。", "请用英语回答。", "总是说英语。", "始终用英文回复。"),
)
YES_NO: Wordings = (
    (
        "Reply only with yes or no.",
        "Answer only yes or no.",
        "Answer with yes or no.",
        "Say only yes or no.",
        "Your answers are yes or no.",
        "Just yes or no.",
    ),
    ("只回答是的或不是。", "只说是的或者不是。", "请回答是的或不是，不要多说。"),
)
NUMBER_ONLY: Wordings = (
    (
        "Answer with the number only.",
        "Reply only with the number.",
        "Give just the number.",
        "Only numbers, no words.",
        "Write only the result.",
    ),
    ("只回答数字。", "只写数字。", "只给出得数。", "回答只要一个数。"),
)
QUOTED: Wordings = (
    (
        "Put every answer in quotes.",
        "Write your answers in quotation marks.",
        "Quote every answer.",
    ),
    ("每个回答都加上引号。", "把回答放进引号里。"),
)
TWICE: Wordings = (
    (
        "Say everything twice.",
        "Repeat every answer two times.",
        "Give each answer twice.",
    ),
    ("每个回答都说两遍。", "每句话重复两次。"),
)
ALWAYS: Wordings = (
    (
        "Reply to everything with {w}.",
        "Whatever the user says, answer {w}.",
        "Always answer {w}.",
        "You only ever say {w}.",
        "Your only answer is {w}.",
        "No matter what, say {w}.",
    ),
    (
        "不管用户说什么，都回答{w}。",
        "你只会说{w}。",
        "总是回答{w}。",
        "对一切都回答{w}。",
    ),
)
RULE: Wordings = (
    (
        "If the user says {a}, answer {b}.",
        "When the user says {a}, say {b}.",
        "When you read {a}, reply {b}.",
        "To {a} you answer {b}.",
    ),
    ("如果用户说{a}，就回答{b}。", "听到{a}就说{b}。", "用户说{a}时，你说{b}。"),
)
SECRET: Wordings = (
    (
        "The secret word is {w}.",
        "Remember the secret word: {w}.",
        "The secret word for today is {w}.",
    ),
    ("暗号是{w}。", "请记住暗号：{w}。", "今天的暗号是{w}。"),
)
SECRET_QUESTION: Wordings = (
    (
        "What is the secret word?",
        "Tell me the secret word.",
        "Do you know the secret word?",
    ),
    ("暗号是什么？", "告诉我暗号。", "你知道暗号吗？"),
)
USER_NAMED: Wordings = (
    (
        "The user is called {n}.",
        "The user's name is {n}.",
        "You are talking to {n}.",
        "You are helping {n}.",
    ),
    ("用户叫{n}。", "用户的名字是{n}。", "你在和{n}说话。"),
)
USER_NAME_QUESTION: Wordings = (
    ("What is my name?", "Do you know my name?", "Who am I?", "Tell me my name."),
    ("我叫什么名字？", "你知道我的名字吗？", "我是谁？", "我叫什么？"),
)
ROLES: tuple[tuple[str, str, str, str], ...] = (
    ("pirate", "海盗", "一个", "a"),
    ("robot", "机器人", "一个", "a"),
    ("teacher", "老师", "一个", "a"),
    ("cook", "厨师", "一个", "a"),
    ("doctor", "医生", "一个", "a"),
    ("farmer", "农民", "一个", "a"),
    ("poet", "诗人", "一个", "a"),
    ("king", "国王", "一个", "a"),
    ("queen", "女王", "一个", "a"),
    ("wizard", "巫师", "一个", "a"),
    ("singer", "歌手", "一个", "a"),
    ("painter", "画家", "一个", "a"),
    ("student", "学生", "一个", "a"),
    ("sailor", "水手", "一个", "a"),
    ("guide", "导游", "一个", "a"),
    ("cat", "猫", "一只", "a"),
    ("dog", "狗", "一只", "a"),
    ("bear", "熊", "一只", "a"),
    ("dragon", "龙", "一条", "a"),
    ("fox", "狐狸", "一只", "a"),
    ("parrot", "鹦鹉", "一只", "a"),
    ("assistant", "助手", "一个", "an"),
    ("library guide", "图书馆导游", "一个", "a"),
    ("music teacher", "音乐老师", "一个", "a"),
)
"""English role, Chinese role, measure word, article."""
