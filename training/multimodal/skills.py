"""All that the model should be able to see and hear, by name."""

from __future__ import annotations

from training.multimodal import clips, mixed, pictures, scenes, sounds
from training.multimodal.sample import Sense

SENSES: dict[str, Sense] = {
    sense.name: sense
    for sense in (
        Sense("picture colour", pictures.colour),
        Sense("picture shape", pictures.shape),
        Sense("picture count", pictures.count, weight=1.5),
        Sense("picture where", pictures.where, weight=3),
        Sense("picture size", pictures.size),
        Sense("picture digits", pictures.digits, weight=2),
        Sense("picture word", pictures.word, weight=2),
        Sense("picture compare", pictures.compare, weight=1.5),
        Sense("video moves", clips.moves),
        Sense("video changes", clips.changes),
        Sense("video order", clips.order),
        Sense("video count", clips.count),
        Sense("sound count", sounds.count),
        Sense("sound pitch", sounds.pitch, weight=0.5),
        Sense("sound glide", sounds.glide, weight=0.5),
        Sense("sound telephone", sounds.telephone, weight=1.5),
        Sense("sound digit", sounds.spoken_digit, weight=2),
        Sense("sound word", sounds.spoken_word, weight=2),
        Sense("mixed colour", mixed.said_and_seen, weight=1.5),
        Sense("mixed json", mixed.as_json, weight=2),
        Sense("mixed call", mixed.as_call, weight=1.5),
        Sense("mixed heard json", mixed.heard_as_json),
        Sense("mixed heard call", mixed.heard_as_call, weight=0.6),
        Sense("scene", scenes.scene, weight=16, is_examined=False),
        Sense("part", scenes.part, weight=12, is_examined=False),
        Sense("letters", pictures.letters, weight=4, is_examined=False),
        Sense("sound digits", sounds.spoken_digits, weight=3, is_examined=False),
        Sense("sound words", sounds.spoken_words, weight=3, is_examined=False),
        Sense("melody", sounds.melody, weight=1, is_examined=False),
    )
}
