"""Tools that ask the network: the weather from Open-Meteo, and a search by a SearXNG server of the owner's choice."""

from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from voice.proxies import opener
from voice.tools.interface import Context, Result, Spec, ToolError, schema

PLACES = "https://geocoding-api.open-meteo.com/v1/search"
FORECAST = "https://api.open-meteo.com/v1/forecast"
TIMEOUT_S = 8.0
MOST_BYTES = 1 << 20
USER_AGENT = "voice-at-home"

Fetch = Callable[[str], Any]
"""A URL to the JSON behind it. Raises ToolError."""

SKIES: Mapping[range, str] = {
    range(1): "clear", range(1, 3): "partly cloudy", range(3, 4): "overcast", range(45, 50): "foggy",
    range(51, 58): "drizzle", range(61, 68): "rain", range(71, 78): "snow", range(80, 83): "showers",
    range(85, 87): "snow showers", range(95, 100): "thunderstorms",
}  # fmt: skip
"""WMO weather codes in words."""


def fetch(url: str) -> Any:
    """The JSON behind a URL, at most 1 MiB of it. Raises ToolError."""
    request = urllib.request.Request(url, headers={"user-agent": USER_AGENT, "accept": "application/json"})
    try:
        with opener(url).open(request, timeout=TIMEOUT_S) as answer:
            return json.loads(answer.read(MOST_BYTES))
    except urllib.error.HTTPError as error:
        with error:
            raise ToolError(f"The server answered HTTP {error.code}.") from error
    except (OSError, ValueError) as error:
        raise ToolError("The server cannot be reached, or its answer is not understood.") from error


class Weather:
    """The weather now and the next days at a place. `fetch` gets JSON; `home` is the place where none is named."""

    spec = Spec(
        "weather",
        "Weather now and for up to seven days at a place.",
        schema(
            place={"type": "string", "maxLength": 80, "description": "city; the person's own unless said otherwise"},
            days={"type": "integer", "minimum": 1, "maximum": 7},
        ),
        timeout_s=15.0,
        trusted=False,
    )

    def __init__(self, home: str = "", fetch: Fetch = fetch) -> None:
        self._home, self._fetch = home, fetch

    async def call(self, arguments: Mapping[str, Any], context: Context) -> Result:
        """A line for now and one for each day."""
        place = str(arguments.get("place") or self._home)
        if not place:
            raise ToolError("For which place?", remedy="name it, or set tools.place")
        asked = {"name": place, "count": 1, "language": context.language}
        found = await asyncio.to_thread(self._fetch, f"{PLACES}?{urlencode(asked)}")
        if not found.get("results"):
            raise ToolError(f"There is no place called {place}.")
        spot = found["results"][0]
        query = {
            "latitude": spot["latitude"], "longitude": spot["longitude"], "timezone": "auto",
            "forecast_days": arguments.get("days", 2), "current": "temperature_2m,weather_code,wind_speed_10m",
            "daily": "weather_code,temperature_2m_max,temperature_2m_min,precipitation_probability_max",
        }  # fmt: skip
        return Result(_forecast(spot, await asyncio.to_thread(self._fetch, f"{FORECAST}?{urlencode(query)}")))


def _forecast(spot: Mapping[str, Any], told: Mapping[str, Any]) -> str:
    now, daily = told["current"], told["daily"]
    lines = [
        f"{spot['name']}, {spot.get('country', '')}: now {now['temperature_2m']} °C, {sky(now['weather_code'])}, "
        f"wind {now['wind_speed_10m']} km/h"
    ]
    for index, day in enumerate(daily["time"]):
        low, high = daily["temperature_2m_min"][index], daily["temperature_2m_max"][index]
        rain = daily["precipitation_probability_max"][index]
        lines.append(f"{day}: {sky(daily['weather_code'][index])}, {low} to {high} °C, rain {rain} %")
    return "\n".join(lines)


def sky(code: int) -> str:
    """A WMO weather code in words."""
    return next((words for codes, words in SKIES.items() if code in codes), "changing")


class WebSearch:
    """The first hits of a SearXNG server."""

    spec = Spec(
        "web_search",
        "Searches the web for what you do not know, such as news. Returns titles, addresses and excerpts.",
        schema("query", query={"type": "string", "minLength": 1, "maxLength": 200}),
        timeout_s=12.0,
        trusted=False,
    )

    def __init__(self, url: str, fetch: Fetch = fetch, *, most: int = 5) -> None:
        self._url, self._fetch, self._most = url.rstrip("/"), fetch, most

    async def call(self, arguments: Mapping[str, Any], context: Context) -> Result:
        """Up to five hits."""
        asked = {"q": arguments["query"], "format": "json", "language": context.language}
        found = await asyncio.to_thread(self._fetch, f"{self._url}/search?{urlencode(asked)}")
        hits = [hit for hit in found.get("results", ()) if isinstance(hit, Mapping)][: self._most]
        told = [f"{hit.get('title', '')} ({hit.get('url', '')}): {str(hit.get('content', ''))[:300]}" for hit in hits]
        return Result("\n".join(told) or "Nothing was found.")
