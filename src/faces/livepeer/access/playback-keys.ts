import type { FastifyRequest } from 'fastify'

/** What a viewer shows: in the query, or in a header where a player can set one. */
export interface PlaybackKeys {
  readonly jwt?: string
  readonly accessKey?: string
}

const HEADERS = { jwt: 'livepeer-jwt', accessKey: 'livepeer-access-key' } as const

export function playbackKeysOf({ query, headers }: Pick<FastifyRequest, 'query' | 'headers'>): PlaybackKeys {
  const given = (name: keyof typeof HEADERS): PlaybackKeys => {
    const asked = [(query as Readonly<Record<string, unknown>>)[name] ?? headers[HEADERS[name]]].flat().at(-1)
    return typeof asked === 'string' && asked !== '' ? { [name]: asked } : {}
  }
  return { ...given('jwt'), ...given('accessKey') }
}

/**
 * A playlist (or a track of thumbnails) whose addresses carry the keys on: players ask for what it names without knowing
 * of keys. As catalyst-api does it (`playback/playback.go`).
 */
export function withKeys(text: string, keys: PlaybackKeys): string {
  const query = new URLSearchParams({ ...keys }).toString()
  if (query === '') return text
  return text
    .replaceAll(/^(?!#)(\S+\.(?:m3u8|ts|m4s|mp4|png))$/gm, `$1?${query}`)
    .replaceAll(/(URI=")([^"]+)(")/g, `$1$2?${query}$3`)
}
