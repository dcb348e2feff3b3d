"""All skills with images, video and audio, by name."""

from __future__ import annotations

from palaver_training.multimodal import audio, images, mixed, scenes, videos
from palaver_training.multimodal.sample import MediaSkill

MEDIA_SKILLS: dict[str, MediaSkill] = {
    skill.name: skill
    for skill in (
        MediaSkill("picture colour", images.colour),
        MediaSkill("picture shape", images.shape),
        MediaSkill("picture count", images.count, weight=1.5),
        MediaSkill("picture where", images.where, weight=3),
        MediaSkill("picture size", images.size),
        MediaSkill("picture digits", images.digits, weight=2),
        MediaSkill("picture word", images.word, weight=2),
        MediaSkill("picture compare", images.compare, weight=1.5),
        MediaSkill("video moves", videos.moves),
        MediaSkill("video changes", videos.changes),
        MediaSkill("video order", videos.order),
        MediaSkill("video count", videos.count),
        MediaSkill("sound count", audio.count),
        MediaSkill("sound pitch", audio.pitch, weight=0.5),
        MediaSkill("sound glide", audio.glide, weight=0.5),
        MediaSkill("sound telephone", audio.telephone, weight=1.5),
        MediaSkill("sound digit", audio.spoken_digit, weight=2),
        MediaSkill("sound word", audio.spoken_word, weight=2),
        MediaSkill("mixed colour", mixed.said_and_seen, weight=1.5),
        MediaSkill("mixed json", mixed.as_json, weight=2),
        MediaSkill("mixed call", mixed.as_call, weight=1.5),
        MediaSkill("mixed heard json", mixed.spoken_as_json),
        MediaSkill("mixed heard call", mixed.spoken_as_call, weight=0.6),
        MediaSkill("scene", scenes.scene, weight=16, is_examined=False),
        MediaSkill("part", scenes.part, weight=12, is_examined=False),
        MediaSkill("letters", images.letters, weight=4, is_examined=False),
        MediaSkill("sound digits", audio.spoken_digits, weight=3, is_examined=False),
        MediaSkill("sound words", audio.spoken_words, weight=3, is_examined=False),
        MediaSkill("melody", audio.melody, weight=1, is_examined=False),
    )
}
