"""Small tokenizers of the kinds that models come with."""

from __future__ import annotations

from pathlib import Path

from tokenizers import AddedToken, decoders, models, normalizers, pre_tokenizers
from tokenizers import Tokenizer as Backend

from palaver.chat.tokenizer import Tokenizer

END = "<|end|>"
VISIBLE = ("<think>", "</think>", "<tool_call>", "</tool_call>")


def byte_level(path: Path) -> Tokenizer:
    """One token for each byte, one for ``hello``, an invisible end and visible markers."""
    return with_special(path, [])


def with_special(path: Path, markers: list[str], end: str = END) -> Tokenizer:
    """The same with further special tokens, and perhaps another stop token."""
    vocabulary = {char: i for i, char in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    merges = [("h", "e"), ("l", "l"), ("he", "ll"), ("hell", "o")]
    for left, right in merges:
        vocabulary[left + right] = len(vocabulary)
    backend = Backend(models.BPE(vocab=vocabulary, merges=merges))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    backend.add_special_tokens([AddedToken(end, special=True, normalized=False)])
    backend.add_special_tokens([AddedToken(m, special=True, normalized=False) for m in markers])
    backend.add_tokens([AddedToken(token, normalized=False) for token in VISIBLE])
    return saved(backend, path)


def llama(path: Path) -> Tokenizer:
    """SentencePiece as Llama has it: spaces are ▁, unknown characters fall back to bytes."""
    backend = Backend(_with_byte_fallback())
    backend.normalizer = normalizers.Sequence(
        [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
    )
    backend.decoder = decoders.Sequence(
        [
            decoders.Replace("▁", " "),
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Strip(" ", 1, 0),
        ]
    )
    backend.add_special_tokens(["<s>", "</s>"])
    return saved(backend, path)


def metaspace(path: Path) -> Tokenizer:
    """As Llama's, but with one Metaspace part that replaces spaces in both directions."""
    backend = Backend(_with_byte_fallback())
    backend.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always", split=False)
    backend.decoder = decoders.Sequence(
        [decoders.ByteFallback(), decoders.Metaspace(prepend_scheme="always")]
    )
    backend.add_special_tokens(["<s>", "</s>"])
    return saved(backend, path)


def saved(backend: Backend, path: Path) -> Tokenizer:
    """The tokenizer as it is read from a model's folder."""
    backend.save(str(path))
    return Tokenizer(path.read_text(encoding="utf-8"), str(path))


def _with_byte_fallback() -> models.BPE:
    tokens = [
        "<unk>",
        *(f"<0x{byte:02X}>" for byte in range(256)),
        "▁",
        *"abcdefgHI",
        "▁a",
        "ab",
        "▁▁",
    ]
    return models.BPE(
        vocab={token: i for i, token in enumerate(tokens)},
        merges=[("▁", "a"), ("a", "b")],
        unk_token="<unk>",
        byte_fallback=True,
        fuse_unk=True,
    )
