"""The families, by name."""

from __future__ import annotations

from palaver.chat.families.description import (
    AnswerFormat,
    CallFormat,
    CallId,
    End,
    Family,
    Index,
    JsonArguments,
    JsonCall,
    Literal,
    Name,
    Parameters,
    QuotedObject,
    ThinkingFormat,
)

THINK = ThinkingFormat("<think>", "</think>")
THINK_TIGHT = ThinkingFormat("<think>", "</think>", margin="", after="")
BRACKET_THINK = ThinkingFormat("[THINK]", "[/THINK]", margin="", after="")
SEED_THINK = ThinkingFormat("<seed:think>", "</seed:think>", margin="\n", after="\n")
GEMMA_THOUGHT = ThinkingFormat("<|channel>thought\n", "<channel|>", margin="", after="")
ANALYSIS = ThinkingFormat(
    "<|channel|>analysis<|message|>",
    "<|end|>",
    margin="",
    after="<|start|>assistant",
    is_anywhere=True,
)

_TAGGED_JSON = CallFormat(
    syntaxes=((Literal("<tool_call>\n"), JsonCall(), Literal("\n</tool_call>")),), separator="\n"
)

HERMES = Family("hermes", _TAGGED_JSON, THINK, signs=(("<tool_call>",), ("</tool_call>",)))

JSON = Family("json", _TAGGED_JSON, THINK, knows_tools=False)
"""For templates without tools, or with a format of calls that no family has."""

QWEN_CODER = Family(
    "qwen-coder",
    CallFormat(
        syntaxes=(
            (
                Literal("<tool_call>\n<function="),
                Name(),
                Literal(">\n"),
                Parameters("<parameter=", ">\n", "\n</parameter>\n"),
                Literal("</function>\n</tool_call>"),
            ),
            (
                Literal("<function="),
                Name(),
                Literal(">\n"),
                Parameters("<parameter=", ">\n", "\n</parameter>\n"),
                Literal("</function>"),
                Literal("\n</tool_call>", variants=("",)),
            ),
        ),
        separator="\n",
    ),
    THINK,
    signs=(("<function=",), ("<parameter=",), ("<tool_call>",)),
)

LLAMA = Family(
    "llama",
    CallFormat(
        syntaxes=(
            (JsonCall("parameters", aliases=("arguments",)),),
            (Literal("<|python_tag|>"), JsonCall("parameters", aliases=("arguments",))),
        ),
        separator="; ",
    ),
    THINK,
    signs=(("<|start_header_id|>",), ("parameters",)),
)

MISTRAL_LIST = Family(
    "mistral-list",
    CallFormat(syntaxes=((JsonCall(),),), begin="[TOOL_CALLS] [", separator=", ", end="]"),
    BRACKET_THINK,
    signs=(("[TOOL_CALLS]",),),
    id_style="short",
)

MISTRAL = Family(
    "mistral",
    CallFormat(
        syntaxes=(
            (Literal("[TOOL_CALLS]"), Name(), Literal("[ARGS]"), JsonArguments()),
            (
                Literal("[TOOL_CALLS]"),
                Name(),
                Literal("[CALL_ID]"),
                CallId(),
                Literal("[ARGS]"),
                JsonArguments(),
            ),
        )
    ),
    BRACKET_THINK,
    signs=(("[TOOL_CALLS]",), ("[ARGS]",)),
    id_style="short",
)

_DEEPSEEK_BEGIN, _DEEPSEEK_END = "<｜tool▁calls▁begin｜>", "<｜tool▁calls▁end｜>"

DEEPSEEK_V3 = Family(
    "deepseek-v3",
    CallFormat(
        syntaxes=(
            (
                Literal("<｜tool▁call▁begin｜>function<｜tool▁sep｜>"),
                Name(),
                Literal("\n```json\n"),
                JsonArguments(),
                Literal("\n```<｜tool▁call▁end｜>"),
            ),
        ),
        begin=_DEEPSEEK_BEGIN,
        separator="\n",
        end=_DEEPSEEK_END,
    ),
    THINK,
    signs=(("<｜tool▁calls▁begin｜>",), ("```json",)),
)
"""V3 and R1, which differ in thinking only."""

DEEPSEEK_V31 = Family(
    "deepseek-v3.1",
    CallFormat(
        syntaxes=(
            (
                Literal("<｜tool▁call▁begin｜>"),
                Name(),
                Literal("<｜tool▁sep｜>"),
                JsonArguments(),
                Literal("<｜tool▁call▁end｜>"),
            ),
        ),
        begin=_DEEPSEEK_BEGIN,
        end=_DEEPSEEK_END,
    ),
    THINK_TIGHT,
    signs=(("<｜tool▁calls▁begin｜>",),),
)

GLM = Family(
    "glm",
    CallFormat(
        syntaxes=(
            (
                Literal("<tool_call>"),
                Name(),
                Literal("\n"),
                Parameters("<arg_key>", "</arg_key>\n<arg_value>", "</arg_value>\n"),
                Literal("</tool_call>"),
            ),
        ),
        separator="\n",
    ),
    ThinkingFormat("<think>", "</think>", margin="", after="\n"),
    signs=(("<arg_key>",), ("<arg_value>",)),
)

KIMI = Family(
    "kimi",
    CallFormat(
        syntaxes=tuple(
            (
                Literal("<|tool_call_begin|>" + prefix),
                Name(),
                Literal(":"),
                Index(),
                Literal("<|tool_call_argument_begin|>"),
                JsonArguments(),
                Literal("<|tool_call_end|>"),
            )
            for prefix in ("functions.", "")
        ),
        begin="<|tool_calls_section_begin|>",
        end="<|tool_calls_section_end|>",
    ),
    THINK_TIGHT,
    signs=(("<|tool_calls_section_begin|>",),),
    id_style="counted",
)

SEED = Family(
    "seed",
    CallFormat(
        syntaxes=(
            (
                Literal("<seed:tool_call>\n<function="),
                Name(),
                Literal(">\n"),
                Parameters("<parameter=", ">", "</parameter>\n"),
                Literal("</function>\n</seed:tool_call>"),
            ),
        ),
        separator="\n",
    ),
    SEED_THINK,
    signs=(("<seed:tool_call>",),),
)

_AS_JSON = Literal(" <|constrain|>json", variants=(" json", ""))
_MESSAGE = (_AS_JSON, Literal("<|message|>"), JsonArguments(), End("<|call|>"))
_CHANNELS = ("<|channel|>commentary", "<|channel|>analysis")

HARMONY = Family(
    "harmony",
    CallFormat(
        syntaxes=(
            *((Literal(channel + " to=functions."), Name(), *_MESSAGE) for channel in _CHANNELS),
            *(
                (Literal("to=functions."), Name(), Literal(channel), *_MESSAGE)
                for channel in _CHANNELS
            ),
        ),
        separator="<|start|>assistant",
        is_single=True,
    ),
    ANALYSIS,
    AnswerFormat(
        opening="<|channel|>final<|message|>",
        preamble_opening="<|channel|>commentary<|message|>",
        preamble_closing="<|end|><|start|>assistant",
        markup=(
            "<|start|>assistant",
            "<|channel|>final<|message|>",
            "<|channel|>final <|constrain|>json<|message|>",
            "<|channel|>commentary<|message|>",
            "<|end|>",
            "<|return|>",
            "<|call|>",
        ),
    ),
    signs=(("<|channel|>",), ("<|message|>",), ("<|start|>",)),
    thinking_key="thinking",
)

FUNCTION_GEMMA = Family(
    "function-gemma",
    CallFormat(
        syntaxes=(
            (
                Literal("<start_function_call>call:"),
                Name(),
                QuotedObject("<escape>"),
                Literal("<end_function_call>"),
            ),
        )
    ),
    signs=(("<start_function_call>",),),
)

GEMMA = Family(
    "gemma",
    CallFormat(
        syntaxes=(
            (
                Literal("<|tool_call>call:"),
                Name(),
                QuotedObject('<|"|>'),
                Literal("<tool_call|>"),
            ),
        )
    ),
    GEMMA_THOUGHT,
    signs=(("<|tool_call>",), ("<tool_call|>",)),
)
"""Gemma 4. Gemma 3 and before know no tools."""

_IN_ORDER = (
    HARMONY,
    KIMI,
    DEEPSEEK_V3,
    DEEPSEEK_V31,
    MISTRAL,
    MISTRAL_LIST,
    SEED,
    GLM,
    QWEN_CODER,
    GEMMA,
    FUNCTION_GEMMA,
    HERMES,
    LLAMA,
    JSON,
)

FAMILIES = {family.name: family for family in _IN_ORDER}
"""Every family. A family whose signs are also signs of another comes after that one."""
