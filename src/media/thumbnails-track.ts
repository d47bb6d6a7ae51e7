/** WebVTT that names picture `n` for the segment `n`. Times in s. */
export function thumbnailsTrack(count: number, segmentSeconds: number, duration: number): string {
  const cues = Array.from({ length: count }, (_, i) => {
    const end = i === count - 1 ? Math.max(duration, i * segmentSeconds + 0.001) : (i + 1) * segmentSeconds
    return `${clock(i * segmentSeconds)} --> ${clock(end)}\nkeyframes_${i}.png\n`
  })
  return `WEBVTT\n\n${cues.join('\n')}`
}

function clock(seconds: number): string {
  const ms = Math.round(seconds * 1_000)
  const [h, m, s] = [Math.floor(ms / 3_600_000), Math.floor(ms / 60_000) % 60, Math.floor(ms / 1_000) % 60]
  const two = (n: number): string => String(n).padStart(2, '0')
  return `${two(h)}:${two(m)}:${two(s)}.${String(ms % 1_000).padStart(3, '0')}`
}
