/** The programs of this folder, by what they do. */
export const MEDIA_PROGRAMS = {
  fetch: new URL('./programs/fetch.ts', import.meta.url),
  cut: new URL('./programs/cut.ts', import.meta.url),
  probe: new URL('./programs/probe.ts', import.meta.url),
  source: new URL('./programs/source.ts', import.meta.url),
  renditions: new URL('./programs/renditions.ts', import.meta.url),
  package: new URL('./programs/package.ts', import.meta.url),
  publish: new URL('./programs/publish.ts', import.meta.url),
  store: new URL('./programs/store.ts', import.meta.url),
  pin: new URL('./programs/pin.ts', import.meta.url),
  send: new URL('./programs/send.ts', import.meta.url),
} as const

export type MediaProgram = keyof typeof MEDIA_PROGRAMS
