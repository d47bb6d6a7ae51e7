import type { Context } from '../engine/context.ts'
import type { TickedService } from '../engine/ticked-service.ts'
import type { Configuration } from './configuration.ts'

/** The engine's services that return by themselves. */
export const engineServices = (_context: Context, _c: Configuration): readonly TickedService[] => []
