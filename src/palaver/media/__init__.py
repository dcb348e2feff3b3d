"""Images, video and sound as clients send them: fetched, checked, decoded."""
