import { isTimezone } from '../config/parse-config.ts'
import { badRequest } from '../errors.ts'
import { SIZES } from '../task/memory-of-task.ts'

/** What a deployment may say besides its tree, in the query. */
export interface DeployOptions {
  readonly timezone: string | undefined
  readonly title: string | undefined
  readonly type: 'development' | 'production' | 'staging' | undefined
  readonly parent: string | undefined
  readonly isStrict: boolean
  /** Runs at a time. */
  readonly parallelTasks: number | undefined
  /** CPU size by task. */
  readonly sizes: ReadonlyMap<string, string>
}

const KEYS = ['timezone', 'title', 'type', 'parent', 'strict_runtimes', 'parallel', 'size']
const TYPES = ['development', 'production', 'staging'] as const

/** `?timezone=Europe/Berlin&size=import=1&strict_runtimes=1`. Throws 400. */
export function readDeployOptions(query: URLSearchParams): DeployOptions {
  for (const key of query.keys()) if (!KEYS.includes(key)) throw badRequest(`unknown parameter: ${key}`)
  const text = (name: string): string | undefined => query.get(name) ?? undefined
  const timezone = text('timezone')
  if (timezone !== undefined && !isTimezone(timezone)) throw badRequest(`timezone: there is no ${timezone}`)
  const type = TYPES.find((one) => one === text('type'))
  if (text('type') !== undefined && type === undefined) throw badRequest(`type: one of ${TYPES.join(', ')} is needed`)
  const parallel = text('parallel')
  if (parallel !== undefined && !/^[1-9]\d{0,3}$/.test(parallel))
    throw badRequest('parallel: a number from 1 to 9999 is needed')
  return {
    timezone,
    type,
    title: text('title'),
    parent: text('parent'),
    isStrict: ['1', 'true'].includes(text('strict_runtimes') ?? ''),
    parallelTasks: parallel === undefined ? undefined : Number(parallel),
    sizes: new Map(query.getAll('size').map(sizeOf)),
  }
}

function sizeOf(text: string): readonly [string, string] {
  const [task = '', size = ''] = text.split(/[=:]/)
  if (task === '' || !SIZES.includes(size)) throw badRequest(`size: write TASK=SIZE with one of ${SIZES.join(', ')}`)
  return [task, size]
}
