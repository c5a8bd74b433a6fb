// How the living shape looks in each state; what lies between two states is blended.

/**
 * `inner` and `outer` colours; `size` of the radius (share of half the canvas); `wobble` depth and `pace` of the surface;
 * `swell` with loudness; `rings` that travel with it: 1 outwards, -1 inwards; `orbit` of the satellites; `glow`.
 */
export const LOOKS = {
  idle: { inner: [150, 240, 226], outer: [74, 108, 246], size: 0.58, wobble: 0.06, pace: 0.35, swell: 0, rings: 0, orbit: 0, glow: 0.5 },
  listening: { inner: [178, 255, 214], outer: [10, 150, 190], size: 0.6, wobble: 0.09, pace: 0.8, swell: 0.22, rings: -1, orbit: 0, glow: 0.7 },
  thinking: { inner: [240, 196, 255], outer: [104, 70, 226], size: 0.46, wobble: 0.06, pace: 1.3, swell: 0, rings: 0, orbit: 1, glow: 0.55 },
  speaking: { inner: [255, 226, 150], outer: [240, 72, 110], size: 0.6, wobble: 0.1, pace: 1, swell: 0.26, rings: 1, orbit: 0, glow: 0.8 },
  paused: { inner: [214, 222, 238], outer: [84, 100, 134], size: 0.54, wobble: 0.02, pace: 0.25, swell: 0.1, rings: 0, orbit: 0, glow: 0.3 },
  blocked: { inner: [255, 222, 178], outer: [138, 96, 64], size: 0.52, wobble: 0.02, pace: 0.2, swell: 0, rings: 0, orbit: 0, glow: 0.35 },
  trouble: { inner: [255, 190, 170], outer: [150, 36, 58], size: 0.52, wobble: 0.03, pace: 0.3, swell: 0, rings: 0, orbit: 0, glow: 0.35 },
};

/** The look a share (0…1) of the way from one look to another. */
export function blend(from, to, share) {
  const mixed = {};
  for (const [name, value] of Object.entries(to)) {
    const before = from[name];
    mixed[name] = Array.isArray(value)
      ? value.map((part, at) => before[at] + (part - before[at]) * share)
      : before + (value - before) * share;
  }
  return mixed;
}

/** Loudness in dBFS as 0…1. */
export const loudness = (dbfs) => Math.max(0, Math.min(1, (dbfs + 55) / 45));
