/**
 * Playlists of a rendition that was made in several runs. A run writes `from-<k>.m3u8`, which lists the segments it made
 * from number k on, each once it is whole; where a later run begins, it replaces what an earlier one made from there.
 */

/** One segment: its length, s, and its file. */
export interface Segment {
  readonly seconds: number
  readonly file: string
}

export const runPlaylist = (first: number): string => `from-${first}.m3u8`

/** The number that a run began with; undefined: another file. */
export function firstOfRun(name: string): number | undefined {
  const match = /^from-(\d+)\.m3u8$/.exec(name)
  return match ? Number(match[1]) : undefined
}

/** What a run's playlist lists. */
export function segmentsIn(playlist: string): readonly Segment[] {
  return [...playlist.matchAll(/^#EXTINF:([\d.]+),.*\n(?:#.*\n)*([^#\n]+)$/gm)].map(([, seconds, file]) => ({
    seconds: Number(seconds),
    file: file!,
  }))
}

/** Whether the run that wrote this came to its end. */
export const isEnded = (playlist: string): boolean => /^#EXT-X-ENDLIST$/m.test(playlist)

/**
 * How many of these lie where time divided into `seconds` has them. Where the picture stands still for longer than a
 * segment, those behind are counted on but lie later.
 */
export function countInPlace(segments: readonly Segment[], seconds: number): number {
  let end = 0
  const late = segments.findIndex((segment, i) => {
    end += segment.seconds
    return end >= (i + 2) * seconds
  })
  return late < 0 ? segments.length : late
}

/** All runs as one, `runs` by the number that each began with. */
export function joinedRuns(runs: ReadonlyMap<number, readonly Segment[]>): readonly Segment[] {
  const sorted = [...runs].sort(([a], [b]) => a - b)
  return sorted.flatMap(([first, segments], i) =>
    segments.slice(0, (sorted[i + 1]?.[0] ?? Number.POSITIVE_INFINITY) - first),
  )
}

/** How long all of them are, s. */
export const lengthOf = (segments: readonly Segment[]): number =>
  segments.reduce((sum, { seconds }) => sum + seconds, 0)

/** The whole as players want it. `init`: the file that fragments (fMP4) begin with. */
export function mediaPlaylist(segments: readonly Segment[], init?: string): string {
  const longest = Math.max(1, ...segments.map(({ seconds }) => seconds))
  const head = [
    '#EXTM3U',
    `#EXT-X-VERSION:${init === undefined ? 3 : 7}`,
    `#EXT-X-TARGETDURATION:${Math.ceil(longest)}`,
    '#EXT-X-MEDIA-SEQUENCE:0',
    '#EXT-X-PLAYLIST-TYPE:VOD',
    ...(init === undefined ? [] : [`#EXT-X-MAP:URI="${init}"`]),
  ]
  const entries = segments.map(({ seconds, file }) => `#EXTINF:${seconds.toFixed(6)},\n${file}`)
  return `${[...head, ...entries, '#EXT-X-ENDLIST'].join('\n')}\n`
}
