/**
 * What ffmpeg and ffprobe run with. Statically linked builds crash where they convert names of MPEG-TS services from other
 * character sets, because that loads parts of another C library; nothing here reads such names.
 */
export const mediaEnvironment = (): NodeJS.ProcessEnv => ({ ...process.env, GCONV_PATH: '/nonexistent' })
