"""The image benchmark's requests with the official `openai` client. benchmarks/image_requests.py runs it.

It imports nothing of lensmill, which does not require `openai`: PYTHON image_requests_openai.py URL FOLDER TURNS
AT_ONCE TEXT
"""

import asyncio
import base64
import json
import sys
import time
from pathlib import Path
from typing import Any

from openai import AsyncOpenAI


def shown(data: bytes) -> dict[str, Any]:
    """A message part that shows a JPEG."""
    url = f"data:image/jpeg;base64,{base64.b64encode(data).decode()}"
    return {"type": "image_url", "image_url": {"url": url}}


async def run(url: str, pictures_of: list[list[bytes]], turns: int, at_once: int, text: str) -> tuple[float, float]:
    """Run the episodes, `at_once` at a time. Return wall and processor seconds."""
    episodes = iter(pictures_of)
    client = AsyncOpenAI(base_url=url, api_key="none", timeout=300)
    wall, cpu = time.perf_counter(), time.process_time()

    async def slot() -> None:
        for pictures in episodes:
            replies: list[str] = []
            for turn in range(turns):
                messages: list[Any] = []
                for data, reply in zip(pictures[: turn + 1], [*replies, None], strict=True):
                    messages.append({"role": "user", "content": [shown(data), {"type": "text", "text": text}]})
                    if reply is not None:
                        messages.append({"role": "assistant", "content": reply})
                answer = await client.chat.completions.create(
                    model="stub", messages=messages, max_tokens=512, temperature=0.0, top_p=1.0, seed=0
                )
                replies.append(answer.choices[0].message.content or "")

    await asyncio.gather(*(slot() for _ in range(at_once)))
    figures = time.perf_counter() - wall, time.process_time() - cpu
    await client.close()
    return figures


def main() -> None:
    """Run the episodes and print the figures as JSON."""
    url, folder, turns, at_once, text = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]
    files = sorted(folder.glob("*.jpeg"))
    pictures_of = [[path.read_bytes() for path in files[at : at + turns]] for at in range(0, len(files), turns)]
    print(json.dumps(asyncio.run(run(url, pictures_of, turns, at_once, text))))


if __name__ == "__main__":
    main()
