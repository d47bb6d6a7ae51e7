import type { Packaging } from './profile.ts'

/** One entry of a master playlist. */
export interface Variant {
  /** Also its directory. */
  readonly name: string
  /** 0: sound alone. */
  readonly width: number
  readonly height: number
  /** Measured, bit/s. */
  readonly bandwidth: number
  readonly packaging?: Packaging
}

const LARGE_SIDE = 960

/**
 * The widest first; but where that is a large picture the second stands before it, so that players start sooner.
 * Order and names: catalyst-api `clients/manifest.go`, 3683288 (2025-11-26).
 */
export function masterPlaylist(variants: readonly Variant[]): string {
  const sorted = [...variants].sort((a, b) => b.bandwidth - a.bandwidth)
  const [top, second] = sorted
  if (top && second && Math.max(top.width, top.height) >= LARGE_SIDE) sorted.splice(0, 2, second, top)
  const entries = sorted.map(
    (v, i) =>
      `#EXT-X-STREAM-INF:PROGRAM-ID=0,BANDWIDTH=${Math.max(1, Math.round(v.bandwidth))}${resolution(v)},NAME="${i}-${v.name}"\n${v.name}/index.m3u8\n`,
  )
  const version = variants.some(({ packaging }) => packaging === 'fmp4') ? 7 : 3
  return `#EXTM3U\n#EXT-X-VERSION:${version}\n${entries.join('')}#EXT-X-ENDLIST\n`
}

const resolution = ({ width, height }: Variant): string => (height > 0 ? `,RESOLUTION=${width}x${height}` : '')
