"""Media arrive in requests unchanged."""

from __future__ import annotations

import io
from random import Random

import av
import numpy as np
import PIL.Image

from palaver_training.multimodal import files
from palaver_training.multimodal.media import Audio, Image, Video
from palaver_training.multimodal.skills import MEDIA_SKILLS


def test_an_image_arrives_as_it_was() -> None:
    (image,) = MEDIA_SKILLS["picture colour"].draw(Random(2), "train").media
    assert isinstance(image, Image)
    with PIL.Image.open(io.BytesIO(files.png(image))) as opened:
        assert np.array_equal(np.asarray(opened), image.pixels)


def test_a_videos_frames_and_their_times_arrive_as_they_were() -> None:
    (video,) = MEDIA_SKILLS["video moves"].draw(Random(2), "train").media
    assert isinstance(video, Video)
    with av.open(io.BytesIO(files.mkv(video)), "r") as container:
        frames = list(container.decode(video=0))
    assert [frame.time for frame in frames] == video.times_s.tolist()
    pixels = np.stack([frame.to_ndarray(format="rgb24") for frame in frames])
    assert np.array_equal(pixels, video.frames)


def test_audio_arrives_as_it_was() -> None:
    (audio,) = MEDIA_SKILLS["sound pitch"].draw(Random(2), "train").media
    assert isinstance(audio, Audio)
    with av.open(io.BytesIO(files.wav(audio)), "r") as container:
        parts = [frame.to_ndarray()[0] for frame in container.decode(audio=0)]
    assert np.array_equal(np.concatenate(parts), audio.samples)
