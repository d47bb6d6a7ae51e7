import { Type } from 'typebox'
import { EXECUTION_STATES } from './execution.ts'
import { instant, KEY_PATTERN, name, named, size, strict, texts, words } from './scalars.ts'

const at = Type.String({ format: 'date-time' })

const capacity = {
  cpu: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 100_000, description: 'Cores.' })),
  memory: Type.Optional(size('')),
  slots: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000, description: 'Executions at once.' })),
}

export const NodeRegistration = named(
  'NodeRegistration',
  Type.Object(
    { name: name(''), ...capacity, attributes: Type.Optional(texts('')) },
    { ...strict, description: 'A logical node on this machine, whose capacity is accounted on its own.' },
  ),
)

export const Node = named(
  'Node',
  Type.Object({
    id: Type.String(),
    name: Type.String(),
    shared: Type.Boolean({ description: 'The machine itself, used by all tenants.' }),
    state: words(['active', 'draining', 'gone']),
    executors: Type.Array(Type.String()),
    attributes: texts(''),
    capacity: Type.Object({ cpu: Type.Number(), memoryBytes: Type.Integer(), slots: Type.Integer() }),
    used: Type.Object({ cpu: Type.Number(), memoryBytes: Type.Integer(), allocations: Type.Integer() }),
    executions: Type.Array(Type.String(), { description: 'Your executions that have a place on it.' }),
    registeredAt: at,
  }),
)
export const NodeList = named('NodeList', Type.Object({ items: Type.Array(Node) }))

export const SecretList = named(
  'SecretList',
  Type.Object({ items: Type.Array(Type.Object({ name: Type.String(), updatedAt: at })) }),
)

export const WebhookSpec = named(
  'WebhookSpec',
  Type.Object(
    {
      url: Type.String({ pattern: '^https?://', maxLength: 4_000 }),
      secret: Type.Optional(
        Type.String({ minLength: 8, maxLength: 500, description: 'Signs deliveries; absent: made.' }),
      ),
      kinds: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 100 }), { maxItems: 50 })),
      labels: Type.Optional(texts('Only executions with all of these.')),
      format: Type.Optional(Type.String({ minLength: 1, maxLength: 50 })),
      active: Type.Optional(Type.Boolean()),
    },
    strict,
  ),
)

export const Webhook = named(
  'Webhook',
  Type.Object({
    id: Type.String(),
    url: Type.String(),
    secret: Type.Optional(Type.String({ description: 'Only in the answer that made it.' })),
    kinds: Type.Optional(Type.Array(Type.String())),
    labels: Type.Optional(texts('')),
    format: Type.Optional(Type.String()),
    active: Type.Boolean(),
    createdAt: at,
    lastDelivery: Type.Optional(
      Type.Object({
        at,
        status: Type.Optional(Type.Integer()),
        problem: Type.Optional(Type.String()),
        pendingRetries: Type.Integer(),
      }),
    ),
  }),
)
export const WebhookList = named('WebhookList', Type.Object({ items: Type.Array(Webhook) }))

export const TokenRequest = named(
  'TokenRequest',
  Type.Object(
    {
      face: name('The API that it is for.'),
      tenant: Type.String({ minLength: 1, maxLength: 500 }),
      kind: Type.Optional(
        words(['hashed', 'sealed', 'password'], 'Default: as the face’s clients need it, a random token for most.'),
      ),
      principal: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
      grants: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 200 }), { maxItems: 50 })),
      scope: Type.Optional(Type.String({ minLength: 1, maxLength: 500 })),
      name: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: 'User name or access key id.' })),
      secret: Type.Optional(Type.String({ minLength: 8, maxLength: 500, description: 'A wished password.' })),
      expiresAt: Type.Optional(instant('')),
    },
    strict,
  ),
)

const tokenFields = {
  id: Type.String(),
  face: Type.String(),
  tenant: Type.String(),
  kind: Type.String(),
  name: Type.String(),
  principal: Type.String(),
  grants: Type.Array(Type.String()),
  scope: Type.Optional(Type.String()),
  createdAt: at,
  expiresAt: Type.Optional(at),
}
export const Token = named('Token', Type.Object(tokenFields))
export const MintedToken = named(
  'MintedToken',
  Type.Object({ ...tokenFields, secret: Type.String({ description: 'Shown once.' }) }),
)
export const TokenList = named('TokenList', Type.Object({ items: Type.Array(Token) }))

export const Info = named(
  'Info',
  Type.Object({
    version: Type.String(),
    node: Type.String({ description: 'Version of Node.js that the server runs on.' }),
    auth: words(['dev', 'strict']),
    ephemeral: Type.Boolean(),
    faces: Type.Array(Type.String()),
    principal: Type.String(),
    tenant: Type.String(),
    operator: Type.Boolean(),
    executors: Type.Array(
      Type.Object({
        kind: Type.String(),
        images: Type.Boolean(),
        exec: Type.Boolean(),
        stats: Type.Boolean(),
        health: Type.Boolean(),
        enforcement: texts('What of a step’s limits is enforced, watched, or none.'),
        networks: Type.Array(Type.String()),
        remarks: Type.Array(Type.String()),
      }),
    ),
  }),
)

export const Counts = named(
  'Counts',
  Type.Object(Object.fromEntries(EXECUTION_STATES.map((state) => [state, Type.Integer()]))),
)

export const Outputs = named(
  'Outputs',
  Type.Object(
    {
      outputs: Type.Unsafe<Record<string, string>>({
        type: 'object',
        patternProperties: { [KEY_PATTERN]: { type: 'string', maxLength: 65_536 } },
        additionalProperties: false,
        maxProperties: 200,
      }),
    },
    strict,
  ),
)

export const ProgressReport = named(
  'ProgressReport',
  Type.Object(
    {
      percent: Type.Optional(Type.Number({ minimum: 0, maximum: 100 })),
      message: Type.Optional(Type.String({ maxLength: 1_000 })),
    },
    { ...strict, minProperties: 1 },
  ),
)
