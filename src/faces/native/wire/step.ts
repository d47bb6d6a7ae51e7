import type { Static } from 'typebox'
import { Type } from 'typebox'
import { command, duration, KEY_PATTERN, name, named, size, strict, texts, words } from './scalars.ts'

const whole = (description: string, minimum = 1, maximum = 2_147_483_647) =>
  Type.Integer({ minimum, maximum, description })

const EnvValue = named(
  'EnvValue',
  Type.Union(
    [
      Type.String({ maxLength: 131_071 }),
      Type.Number(),
      Type.Boolean(),
      Type.Object({ secret: name('Name of a secret.'), key: Type.Optional(Type.String({ minLength: 1 })) }, strict),
      Type.Object(
        {
          output: Type.String({
            pattern: '^[A-Za-z0-9_][A-Za-z0-9_.-]*\\.[A-Za-z_][A-Za-z0-9_]*$',
            description: '`step.key`: what an earlier step published.',
          }),
          optional: Type.Optional(Type.Boolean({ description: 'Left out when the output is missing.' })),
        },
        strict,
      ),
    ],
    { description: 'A literal, a secret, or the output of an earlier step.' },
  ),
)

export const Env = Type.Unsafe<Record<string, Static<typeof EnvValue>>>({
  type: 'object',
  patternProperties: { [KEY_PATTERN]: EnvValue },
  additionalProperties: false,
  maxProperties: 1_000,
  description: 'Environment variables by name.',
})

export const Retry = named(
  'Retry',
  Type.Object(
    {
      limit: Type.Optional(whole('How many times to try again at most; absent: for ever.')),
      on: Type.Optional(words(['failure', 'any'], 'Which ends are tried again. Default failure.')),
      exitCodes: Type.Optional(Type.Array(whole('', 0, 255), { description: 'Only these codes are tried again.' })),
      ignoredExitCodes: Type.Optional(Type.Array(whole('', 0, 255), { description: 'These codes are final.' })),
      minimumUptime: Type.Optional(duration('A shorter try is not repeated.')),
      whenLost: Type.Optional(Type.Boolean({ description: 'Whether a lost attempt may run again. Default true.' })),
      backoff: Type.Optional(
        Type.Object(
          {
            initial: Type.Optional(duration('Wait before the first repetition. Default 1s.')),
            factor: Type.Optional(Type.Number({ minimum: 1, maximum: 100, description: 'Default 2; 1 is constant.' })),
            maximum: Type.Optional(duration('Longest wait. Default 5m.')),
          },
          strict,
        ),
      ),
    },
    { ...strict, description: 'Trying again.' },
  ),
)

const Stop = Type.Object(
  {
    signal: Type.Optional(Type.String({ pattern: '^SIG[A-Z0-9]+$', description: 'Default SIGTERM.' })),
    grace: Type.Optional(duration('Between the signal and SIGKILL to the whole process tree. Default 10s.')),
  },
  strict,
)

const Health = Type.Object(
  {
    run: command('Exit 0 is healthy.'),
    interval: Type.Optional(duration('Default 30s.')),
    timeout: Type.Optional(duration('Default 5s.')),
    retries: Type.Optional(whole('Failures in a row that make it unhealthy. Default 3.', 1, 100)),
    startPeriod: Type.Optional(duration('Failures before this do not count. Default 0s.')),
  },
  strict,
)

const portNumber = (description: string) => Type.Integer({ minimum: 0, maximum: 65_535, description })

const Port = Type.Object(
  {
    name: Type.Optional(name('Shown with the port.')),
    port: portNumber('The port that the program listens on; 0 with network host: the allocated one.'),
    hostPort: Type.Optional(portNumber('A fixed port of the node; absent or 0: one is allocated and reported.')),
    protocol: Type.Optional(words(['tcp', 'udp'], 'Default tcp.')),
    env: Type.Optional(Type.String({ pattern: KEY_PATTERN, description: 'Variable that tells the host port.' })),
  },
  strict,
)

const path = (description: string) => Type.String({ minLength: 1, maxLength: 4_096, description })

const Mount = Type.Object(
  {
    kind: words(['bind', 'workspace', 'tmpfs', 'volume', 'file']),
    target: path('Absolute path inside.'),
    source: Type.Optional(path('Host directory, workspace key or volume name.')),
    readOnly: Type.Optional(Type.Boolean()),
    size: Type.Optional(size('Limit of a tmpfs.')),
    content: Type.Optional(Type.String({ description: 'Of a file.' })),
  },
  strict,
)

const networkMode = words(
  ['host', 'private', 'none'],
  'host: the node’s network. private: one per execution, ports forwarded. none: loopback only.',
)
const Network = Type.Union([
  networkMode,
  Type.Object(
    {
      mode: networkMode,
      hostname: Type.Optional(Type.String({ minLength: 1, maxLength: 253 })),
      extraHosts: Type.Optional(texts('Name → address.')),
      aliases: Type.Optional(Type.Array(Type.String())),
      dns: Type.Optional(Type.Array(Type.String())),
    },
    strict,
  ),
])

const sandboxMode = words(['on', 'off'], 'Only the operator may say off.')
const Sandbox = Type.Union([
  sandboxMode,
  Type.Object(
    {
      mode: sandboxMode,
      writable: Type.Optional(words(['private', 'none'], 'private: own /tmp and workspace. none: nothing at all.')),
      root: Type.Optional(path('Root file system, read-only; from directories that the operator allows.')),
      readOnlyRoot: Type.Optional(Type.Boolean({ description: 'For containers.' })),
    },
    strict,
  ),
])

const until = words(['started', 'healthy', 'completed', 'succeeded'], 'Default succeeded.')

/** What may be said of a step, apart from its name and its place among the others. */
export const stepFields = {
  image: Type.Optional(Type.String({ minLength: 1, maxLength: 1_000, description: 'Container image.' })),
  entrypoint: Type.Optional(Type.Array(Type.String(), { description: 'Replaces the image’s; else put before `run`.' })),
  pull: Type.Optional(words(['always', 'missing', 'never'], 'When to pull the image.')),
  registrySecret: Type.Optional(name('Secret holding {"username","password"} for the registry.')),
  executor: Type.Optional(name('Which executor must run it; absent: the engine chooses.')),
  workdir: Type.Optional(path('Absolute. Default: the workspace.')),
  user: Type.Optional(Type.String({ minLength: 1, maxLength: 100, description: 'name, uid or uid:gid.' })),
  cpu: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 4_096, description: 'Reserved share, in cores.' })),
  cpuLimit: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 4_096, description: 'Ceiling, in cores.' })),
  memory: Type.Optional(size('Hard limit, reserved too unless reservedMemory says less.')),
  reservedMemory: Type.Optional(size('What placement reserves.')),
  pids: Type.Optional(whole('Hard limit on processes and threads.')),
  disk: Type.Optional(size('Hard limit on what the workspace may hold.')),
  stop: Type.Optional(Stop),
  startTimeout: Type.Optional(duration('Conditions on this step not met within this are never met.')),
  health: Type.Optional(Health),
  ports: Type.Optional(Type.Array(Type.Union([portNumber('Short for {port}.'), Port]), { maxItems: 200 })),
  mounts: Type.Optional(Type.Array(Mount, { maxItems: 200 })),
  network: Type.Optional(Network),
  sandbox: Type.Optional(Sandbox),
  ulimits: Type.Optional(
    Type.Array(Type.Object({ name: name('As nofile.'), soft: whole('', 0), hard: whole('', 0) }, strict), {
      maxItems: 32,
    }),
  ),
  logs: Type.Optional(
    Type.Object(
      { linesPerSecond: Type.Optional(whole('')), bytesPerSecond: Type.Optional(whole('')) },
      { ...strict, description: 'Above these, lines are dropped and a system line says how many.' },
    ),
  ),
  appends: Type.Optional(Type.Boolean({ description: 'The program may append steps while it runs.' })),
  init: Type.Optional(Type.Boolean({ description: 'An init process in front (containers).' })),
  container: Type.Optional(
    Type.Unsafe<Record<string, unknown>>({
      type: 'object',
      additionalProperties: true,
      description: 'Options only container executors know.',
    }),
  ),
} as const

const Await = Type.Object(
  {
    key: Type.String({ minLength: 1, maxLength: 500, description: 'Key of the awaited execution.' }),
    task: Type.Optional(
      Type.Union([
        name('Started when no execution has the key; newest revision.'),
        Type.Object({ name: name(''), revision: Type.Optional(whole('')) }, strict),
      ]),
    ),
    until: Type.Optional(words(['running', 'healthy', 'completed', 'succeeded'], 'Default succeeded.')),
    acceptFinal: Type.Optional(Type.Boolean({ description: 'One that ended well already will do.' })),
  },
  { ...strict, description: 'Instead of running: wait for another execution, started if absent.' },
)

export const Step = named(
  'Step',
  Type.Object(
    {
      name: name('Unique in its plan.'),
      run: Type.Optional(command('What to run.')),
      await: Type.Optional(Await),
      group: Type.Optional(
        Type.Integer({ minimum: 0, maximum: 10_000, description: 'Groups run in sequence. Default 0.' }),
      ),
      needs: Type.Optional(
        Type.Array(
          Type.Union([
            name('Short for {step, until: succeeded}.'),
            Type.Object({ step: name(''), until: Type.Optional(until) }, strict),
          ]),
          { description: 'What it waits for.', maxItems: 10_000 },
        ),
      ),
      essential: Type.Optional(Type.Boolean({ description: 'Its failure is the execution’s failure. Default true.' })),
      endsExecution: Type.Optional(
        words(
          ['never', 'onFailure', 'onGroupFailure', 'onExit'],
          'When its end stops the other steps; onGroupFailure: no further group begins. Default: onFailure where essential, else never.',
        ),
      ),
      env: Type.Optional(Env),
      timeout: Type.Optional(duration('Limit of each try.')),
      retry: Type.Optional(Retry),
      labels: Type.Optional(texts('Notes.')),
      ...stepFields,
    },
    { ...strict, description: 'One unit of work in a plan: it runs a program or awaits another execution.' },
  ),
)
export type Step = Static<typeof Step>
