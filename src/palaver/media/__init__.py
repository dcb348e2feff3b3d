"""Images, video and audio as clients send them: fetched, checked, decoded."""
