import type { Face, FaceContext } from '../kit/face.ts'
import { Afterwards } from './afterwards.ts'
import { FACE } from './auth.ts'
import { claims } from './claims.ts'
import { DEFAULT_OPTIONS, type LivepeerOptions } from './options.ts'
import { partsOf } from './parts.ts'
import { reactorOf } from './react.ts'
import { mountRoutes } from './routes.ts'

/** Livepeer Studio's tasks, assets, playback, transcoding and webhooks. */
export function livepeerFace(context: FaceContext, given: Partial<LivepeerOptions> = {}): Face {
  const options = { ...DEFAULT_OPTIONS, ...given }
  const parts = partsOf(context, options, {
    wake: () => afterwards.wake(),
    tidy: (task) => afterwards.tidy(task),
  })
  const afterwards = new Afterwards(parts)
  return {
    name: FACE,
    claims,
    reactor: reactorOf(() => afterwards.wake()),
    mount(app) {
      mountRoutes(app, parts)
      app.addHook('onReady', async () => afterwards.wake())
      app.addHook('onClose', () => afterwards.stop())
    },
    async environment(origin) {
      const first = await context.credentials.firstStart(FACE)
      return { LIVEPEER_SERVER_URL: `${origin}/api`, LIVEPEER_API_KEY: first.secret }
    },
  }
}
