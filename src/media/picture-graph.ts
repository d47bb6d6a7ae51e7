/** The filters that make all pictures from one decoded source, each from the nearest larger one that is at hand. */
import type { Profile } from './profile.ts'

interface Size {
  readonly width: number
  readonly height: number
}

interface Link {
  /** Name of the picture that it is made from; absent: the source. */
  readonly from: string | undefined
  readonly to: string
  readonly filter: string
}

export interface PictureRequest {
  /** Of the source's picture, as shown. */
  readonly source: Size
  /** Those that have a picture; each is at hand as `[name]`. */
  readonly pictures: readonly Profile[]
  /** What makes the pictures `[thumbnails]` of the source; absent: there are none. */
  readonly thumbnails?: string
}

/** For `-filter_complex`; empty where no picture is wanted. */
export function pictureGraph({ source, pictures, thumbnails }: PictureRequest): string {
  const links: Link[] = pictures.map((profile) => ({
    from: largerOf(profile, source, pictures),
    to: profile.name,
    filter: scaled(profile),
  }))
  if (thumbnails !== undefined) links.push({ from: undefined, to: 'thumbnails', filter: thumbnails })
  if (links.length === 0) return ''
  const madeFrom = (name?: string): readonly string[] =>
    links.filter(({ from }) => from === name).map(({ to }) => entryOf(to))
  const chains = links.map(({ to, filter }) => `${entryOf(to)}${filter},${shared([`[${to}]`, ...madeFrom(to)])}`)
  return [`[0:v:0]${shared(madeFrom())}`, ...chains].join(';')
}

/** A label can be read once. No name holds a colon. */
const entryOf = (name: string): string => `[for:${name}]`
/** `split=1` hands frames on as they are. */
const shared = (labels: readonly string[]): string => `split=${labels.length}${labels.join('')}`

/**
 * How much larger a picture must be that another is made from, each side: what is made smaller in steps of less loses
 * detail, and there is little to win.
 */
const LEAST_STEP = 1.5

/** The smallest picture that can stand for the source: made smaller, timed alike, and the outcome has the same size. */
function largerOf(profile: Profile, source: Size, pictures: readonly Profile[]): string | undefined {
  const wanted = fitted(profile, source)
  const fit = pictures
    .map((other) => ({ other, size: fitted(other, source) }))
    .filter(({ size }) => size.width < source.width && size.width >= wanted.width * LEAST_STEP)
    .filter(({ other }) => !other.fps || rateOf(other) === rateOf(profile))
    .filter(({ size }) => isEqual(fitted(profile, size), wanted))
  return fit.sort((a, b) => a.size.width - b.size.width)[0]?.other.name
}

const isEqual = (a: Size, b: Size): boolean => a.width === b.width && a.height === b.height

/** What the filter of `scaled` makes of a picture, rounding as ffmpeg does. */
function fitted(box: Size, picture: Size): Size {
  const [width, height] = [Math.min(box.width, picture.width), Math.min(box.height, picture.height)]
  const even = (side: number): number => side - (side % 2)
  return {
    width: even(Math.min(width, Math.round((height * picture.width) / picture.height))),
    height: even(Math.min(height, Math.round((width * picture.height) / picture.width))),
  }
}

const rateOf = ({ fps = 0, fpsDen = 1 }: Profile): string => `${fps}/${fpsDen}`

/** Pixels as wide as high but for the rounding of sizes are square; those of tape and DVD keep their shape. */
const SHAPE = "setsar='if(lt(abs(sar-1),0.02),1,sar)'"

function scaled(profile: Profile): string {
  const box = `w='min(${profile.width},iw)':h='min(${profile.height},ih)'`
  const rate = profile.fps ? `fps=${rateOf(profile)},` : ''
  return `${rate}scale=${box}:force_original_aspect_ratio=decrease:force_divisible_by=2,${SHAPE},format=yuv420p`
}
