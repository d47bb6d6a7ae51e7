/** Where renditions go while they are made: segments, and a playlist that names each once it is whole. */

interface SegmentsRequest {
  readonly segmentSeconds: number
  readonly playlist: string
  /** The segment that this run begins with. */
  readonly first?: number
}

/** For players: each segment is written aside and renamed. */
export function hlsOutput(
  directory: string,
  { packaging = 'ts', ...request }: SegmentsRequest & { readonly packaging?: 'ts' | 'fmp4' },
): readonly string[] {
  const { segmentSeconds, playlist, first = 0 } = request
  const suffix = packaging === 'ts' ? 'ts' : 'm4s'
  return [
    ...(first > 0 ? ['-output_ts_offset', String(first * segmentSeconds)] : []),
    ...['-max_muxing_queue_size', '1024'],
    ...['-f', 'hls', '-hls_time', String(segmentSeconds), '-hls_playlist_type', 'event', '-hls_flags', 'temp_file'],
    ...(first > 0 ? ['-hls_segment_options', GOES_ON[packaging]] : []),
    ...(packaging === 'fmp4' ? ['-hls_segment_type', 'fmp4', '-hls_fmp4_init_filename', headOf(first)] : []),
    ...['-start_number', String(first), '-hls_segment_filename', `${directory}/%d.${suffix}`],
    `${directory}/${playlist}`,
  ]
}

/** Packets are counted anew in each run; fragments are timed from where the first run began. */
const GOES_ON = { ts: 'mpegts_flags=+initial_discontinuity', fmp4: 'movflags=+frag_discont' } as const

/** What fragments (fMP4) begin with. That of the first run serves them all. */
export const HEAD = 'init.mp4'
const headOf = (first: number): string => (first === 0 ? HEAD : `init-${first}.mp4`)

/**
 * For joining alone: each segment is a WebM stream of its own, but timed as a part of the whole. One that the playlist does
 * not name yet may be half.
 */
export const webmOutput = (directory: string, request: SegmentsRequest): readonly string[] => {
  const { segmentSeconds, playlist, first = 0 } = request
  return [
    ...['-max_muxing_queue_size', '1024'],
    ...['-f', 'segment', '-segment_format', 'webm', '-segment_format_options', 'live=1'],
    ...['-segment_time', String(segmentSeconds), '-initial_offset', String(first * segmentSeconds)],
    ...['-segment_list', `${directory}/${playlist}`, '-segment_list_type', 'm3u8', '-segment_list_flags', 'live'],
    ...['-segment_start_number', String(first), `${directory}/%d.webm`],
  ]
}
