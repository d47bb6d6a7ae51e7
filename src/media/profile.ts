/** One rendition to make. */
export interface Profile {
  /** A plain file name: `720p0`. */
  readonly name: string
  /** Box that the picture is fitted into, never enlarged; 0 both: sound alone. */
  readonly width: number
  readonly height: number
  /** At most, bit/s. */
  readonly bitrate: number
  /** Frames per second as `fps/fpsDen`; 0: as the source. */
  readonly fps?: number
  readonly fpsDen?: number
  /** Constant quality, 0 best – 44; the bitrate stays a ceiling. */
  readonly quality?: number
  /** Seconds between key frames, or `intra`; absent: the segment length. */
  readonly gop?: string
  readonly profile?: 'H264Baseline' | 'H264Main' | 'H264High' | 'H264ConstrainedHigh'
  readonly encoder?: 'H.264' | 'HEVC' | 'VP8' | 'VP9'
}

/** `webm`: no playlist can hold it, all of it becomes one file `<name>.webm`. */
export type Packaging = 'ts' | 'fmp4' | 'webm'

/** What its segments are: MPEG-TS knows no VP9, nor does MP4 know VP8. */
export const packagingOf = ({ encoder }: Pick<Profile, 'encoder'>): Packaging =>
  encoder === 'VP8' ? 'webm' : encoder === 'VP9' ? 'fmp4' : 'ts'

/** Whether it can stand in a playlist, and be an MP4. */
export const isStreamed = (profile: Pick<Profile, 'encoder'>): boolean => packagingOf(profile) !== 'webm'

/** A profile as users give it: what is absent follows from the source. */
export type WantedProfile = Partial<Profile> & { readonly bitrate: number }
