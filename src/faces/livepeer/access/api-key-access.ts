/** What an API key may be used for, and from where: `access` of studio's `middleware/auth.ts` and `authPolicy` (2025). */
import { forbidden } from '../errors.ts'

export interface ApiKeyAccess {
  readonly rules?: readonly AccessRule[]
  readonly cors?: { readonly allowedOrigins: readonly string[]; readonly fullAccess?: boolean }
}

interface AccessRule {
  /** Paths below `/api`: `:name` stands for one part, `*` for anything. */
  readonly resources: readonly string[]
  /** In any case; absent: all. */
  readonly methods?: readonly string[]
}

/** What a key for pages may do where nothing else was said: pages show it to everyone. */
const PAGE_RULES: readonly AccessRule[] = [
  { methods: ['get'], resources: ['/task/:id'] },
  { methods: ['get', 'patch'], resources: ['/asset/:id'] },
  { methods: ['post'], resources: ['/asset/upload/url', '/asset/request-upload', '/asset/:id/export'] },
]

/** Throws 403 where the key does not reach. `path`: below `/api`. */
export function checkAccess({ rules, cors }: ApiKeyAccess, method: string, path: string): void {
  const forPages = rules === undefined && (cors?.allowedOrigins.length ?? 0) > 0 && cors?.fullAccess !== true
  const applied = forPages ? PAGE_RULES : rules
  if (applied === undefined || applied.some((rule) => allows(rule, method, path))) return
  throw forbidden(
    forPages
      ? 'access forbidden for CORS-enabled API key with restricted access'
      : 'credential has insufficent privileges',
  )
}

const allows = ({ methods, resources }: AccessRule, method: string, path: string): boolean =>
  (methods?.some((m) => m.toLowerCase() === method.toLowerCase()) ?? true) &&
  resources.some((resource) => covers(resource, path))

function covers(resource: string, path: string): boolean {
  const parts = `/${resource.replace(/^\/|\/$/g, '')}`.split('/').map((part) => {
    if (part === '*') return '.*'
    return part.startsWith(':') ? '[^/]+' : part.replaceAll(/[^\w-]/g, String.raw`\$&`)
  })
  return new RegExp(`^${parts.join('/')}$`).test(path)
}

/** Whether pages of this origin may use the key. */
export const allowsOrigin = ({ cors }: ApiKeyAccess, origin: string): boolean =>
  cors !== undefined && (cors.allowedOrigins.includes('*') || cors.allowedOrigins.includes(origin))
