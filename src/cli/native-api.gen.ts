// Generated from src/faces/native/openapi.json by scripts/generate.ts. Do not edit.

/** One try of a step. */
export type Attempt = {
  readonly id: string
  /** Counts from 1. */
  readonly number: number
  /** Of its allocation. */
  readonly epoch: number
  readonly executor: string
  /** When the engine decided to start it. */
  readonly requestedAt: string
  /** When the program began. */
  readonly startedAt?: string | undefined
  /** When it ended. */
  readonly exitedAt?: string | undefined
  readonly exit?: Exit | undefined
  /** As a shell says it: the code, or 128 + the signal. */
  readonly exitCode?: number | undefined
  readonly cpuSeconds?: number | undefined
  readonly peakMemoryBytes?: number | undefined
  readonly ports?: readonly ({
    readonly name?: string | undefined
    readonly port: number
    readonly hostPort: number
    readonly hostAddress: string
    readonly protocol: string
  })[] | undefined
  /** What its executor calls it: a pid, a container’s id. */
  readonly handle?: string | undefined
  readonly imageDigest?: string | undefined
  readonly address?: string | undefined
}

export type BatchResult = {
  /** In the order asked; each has either execution or refused. */
  readonly results: readonly ({
    readonly execution?: Execution | undefined
    readonly refused?: Refusal | undefined
  })[]
}

export type Counts = {
  readonly pending: number
  readonly starting: number
  readonly running: number
  readonly stopping: number
  readonly succeeded: number
  readonly failed: number
  readonly cancelled: number
  readonly lost: number
}

/** A literal, a secret, or the output of an earlier step. */
export type EnvValue = string | number | boolean | {
  /** Name of a secret. */
  readonly secret: string
  readonly key?: string | undefined
} | {
  /** `step.key`: what an earlier step published. */
  readonly output: string
  /** Left out when the output is missing. */
  readonly optional?: boolean | undefined
}

/** One transition of one execution. Which further fields there are depends on `kind`. */
export type Event = {
  /** Rises; never reused. */
  readonly position: number
  readonly execution: string
  readonly at: string
  /** The execution’s version after it. */
  readonly version: number
  readonly kind: 'execution.state' | 'execution.deferred' | 'execution.stopRequested' | 'execution.retrying' | 'allocation.opened' | 'allocation.closing' | 'allocation.closed' | 'step.state' | 'step.retrying' | 'step.health' | 'step.outputs' | 'steps.appended' | 'attempt.detail' | 'execution.labels' | 'execution.removed'
  readonly from?: string | undefined
  readonly to?: string | undefined
  readonly step?: string | undefined
  readonly ordinal?: number | undefined
  readonly attempt?: string | undefined
  readonly exit?: Exit | undefined
  readonly reason?: Reason | undefined
  readonly by?: string | undefined
  readonly epoch?: number | undefined
  readonly node?: string | undefined
  readonly retry?: number | undefined
  readonly notBefore?: string | undefined
  readonly health?: string | undefined
  readonly keys?: readonly (string)[] | undefined
  readonly names?: readonly (string)[] | undefined
  /** Labels. */
  readonly set?: { readonly [name: string]: string } | undefined
  readonly removed?: readonly (string)[] | undefined
}

export type EventPage = {
  readonly items: readonly (Event)[]
  /** Pass as `after` for what comes next. */
  readonly cursor: string
}

/** One run of a task or plan. */
export type Execution = {
  /** UUID, version 7. */
  readonly id: string
  readonly name?: string | undefined
  readonly task?: {
    readonly name: string
    readonly revision: number
  } | undefined
  readonly state: 'pending' | 'starting' | 'running' | 'stopping' | 'succeeded' | 'failed' | 'cancelled' | 'lost'
  /** Why something waits, failed or stopped. */
  readonly reason: {
    /** A word that programs switch on, such as no_room or exit_code. */
    readonly code: string
    /** A sentence that a person can act on. */
    readonly message: string
    /** The values behind both. */
    readonly facts?: { readonly [name: string]: unknown } | undefined
  } | null
  /** Of the essential step that decided the outcome; absent until there is one. */
  readonly exitCode?: number | undefined
  readonly desired: 'run' | 'stop'
  readonly stopCause?: {
    readonly kind: string
    readonly reason: Reason
    readonly by?: string | undefined
    readonly at: string
  } | undefined
  /** What a pending execution waits for. */
  readonly waiting?: {
    readonly reason: Reason
    /** 1 is next. */
    readonly position?: number | undefined
  } | undefined
  /** When it was accepted. */
  readonly acceptedAt: string
  /** When its first allocation opened. */
  readonly placedAt?: string | undefined
  /** When a step first ran. */
  readonly startedAt?: string | undefined
  /** When a stop was first wanted. */
  readonly stoppingAt?: string | undefined
  /** When it became final. */
  readonly finishedAt?: string | undefined
  /** When its time limit ends. */
  readonly deadlineAt?: string | undefined
  readonly notBefore?: string | undefined
  readonly expiresAt?: string | undefined
  /** Where it has, or last had, its place. */
  readonly node?: string | undefined
  readonly trigger: {
    readonly kind: string
    readonly source?: string | undefined
  }
  /** The API that accepted it. */
  readonly face: string
  /** Who submitted it. */
  readonly principal: string
  readonly key?: string | undefined
  readonly priority: number
  readonly timeout?: string | undefined
  /** How often the whole was tried again. */
  readonly retries: number
  /** As submitted. */
  readonly labels: { readonly [name: string]: string }
  /** Facts set by the face that accepted it. */
  readonly refs: { readonly [name: string]: string }
  readonly progress?: {
    readonly percent?: number | undefined
    readonly message?: string | undefined
    /** When it was reported. */
    readonly at: string
  } | undefined
  readonly steps: readonly (StepStatus)[]
  /** Rises by one with every change. */
  readonly version: number
}

export type ExecutionList = {
  readonly items: readonly (Execution)[]
  /** Pass as `cursor` for the next page; absent on the last. */
  readonly next?: string | undefined
  /** Pass as `after` to /events: everything since this list. */
  readonly watch: string
}

export type ExecutionLogPage = {
  readonly lines: readonly (LogLine)[]
  /** Pass as `before` for the lines just before these. */
  readonly before: string
  /** Pass as `after` for what comes next. */
  readonly after: string
  /** Nothing follows; of the newest lines, or those before others: nothing is before. */
  readonly end: boolean
}

/** How an attempt ended. */
export type Exit = {
  readonly outcome: 'exited' | 'signaled' | 'outOfMemory' | 'timedOut' | 'lost' | 'refused'
  readonly code?: number | undefined
  readonly signal?: string | undefined
  readonly killedAfterGrace?: boolean | undefined
  readonly reason?: Reason | undefined
}

export type Info = {
  readonly version: string
  /** Version of Node.js that the server runs on. */
  readonly node: string
  readonly auth: 'dev' | 'strict'
  readonly ephemeral: boolean
  readonly faces: readonly (string)[]
  readonly principal: string
  readonly tenant: string
  readonly operator: boolean
  readonly executors: readonly ({
    readonly kind: string
    readonly images: boolean
    readonly exec: boolean
    readonly stats: boolean
    readonly health: boolean
    /** What of a step’s limits is enforced, watched, or none. */
    readonly enforcement: { readonly [name: string]: string }
    readonly networks: readonly (string)[]
    readonly remarks: readonly (string)[]
  })[]
}

/** One line of a log. */
export type LogLine = {
  /** Rises by one per line of its attempt. */
  readonly seq: number
  /** When it arrived: RFC 3339 with microseconds. */
  readonly at: string
  readonly source: 'stdout' | 'stderr' | 'system'
  /** Without its end of line; invalid UTF-8 is replaced. */
  readonly text: string
  /** The exact bytes, where they are not valid UTF-8. */
  readonly base64?: string | undefined
  /** Too long: goes on in the next line of this source. */
  readonly split?: boolean | undefined
  /** The program ended without an end of line here. */
  readonly partial?: boolean | undefined
  /** In streams: the attempt that wrote it. */
  readonly attempt?: string | undefined
  /** In logs of a whole execution: the step that wrote it. */
  readonly step?: string | undefined
}

export type LogPage = {
  /** Absent while there is none. */
  readonly attempt?: string | undefined
  readonly lines: readonly (LogLine)[]
  /** Pass as `seq` for what comes next. */
  readonly next: number
  /** Earlier lines were dropped or have expired. */
  readonly gap?: boolean | undefined
  /** The attempt has ended and nothing follows. */
  readonly end: boolean
}

export type MintedToken = {
  readonly id: string
  readonly face: string
  readonly tenant: string
  readonly kind: string
  readonly name: string
  readonly principal: string
  readonly grants: readonly (string)[]
  readonly scope?: string | undefined
  readonly createdAt: string
  readonly expiresAt?: string | undefined
  /** Shown once. */
  readonly secret: string
}

export type Node = {
  readonly id: string
  readonly name: string
  /** The machine itself, used by all tenants. */
  readonly shared: boolean
  readonly state: 'active' | 'draining' | 'gone'
  readonly executors: readonly (string)[]
  readonly attributes: { readonly [name: string]: string }
  readonly capacity: {
    readonly cpu: number
    readonly memoryBytes: number
    readonly slots: number
  }
  readonly used: {
    readonly cpu: number
    readonly memoryBytes: number
    readonly allocations: number
  }
  /** Your executions that have a place on it. */
  readonly executions: readonly (string)[]
  readonly registeredAt: string
}

export type NodeList = {
  readonly items: readonly (Node)[]
}

/** A logical node on this machine, whose capacity is accounted on its own. */
export type NodeRegistration = {
  readonly name: string
  /** Cores. */
  readonly cpu?: number | undefined
  /**  A size with its unit: 512K, 64M, 1.5G (powers of 1,024), 1000B. */
  readonly memory?: string | undefined
  /** Executions at once. */
  readonly slots?: number | undefined
  readonly attributes?: { readonly [name: string]: string } | undefined
}

export type Outputs = {
  readonly outputs: { readonly [name: string]: string }
}

/** Where it may run. */
export type Placement = {
  /** The only node that will do. */
  readonly node?: string | undefined
  /** All must hold of the node’s attributes. */
  readonly constraints?: readonly ({
    readonly attribute: string
    readonly op: 'exists' | 'notExists' | 'equals' | 'notEquals' | 'less' | 'lessOrEqual' | 'greater' | 'greaterOrEqual' | 'matches' | 'notMatches' | 'in' | 'notIn'
    readonly value?: string | undefined
    readonly values?: readonly (string)[] | undefined
  })[] | undefined
  /** In order: random, spread, spread:<attribute>, binpack:cpu, binpack:memory. */
  readonly strategies?: readonly (string)[] | undefined
}

export type PlanView = {
  readonly steps: readonly (Step)[]
}

/** RFC 9457 problem details. */
export type Problem = {
  /** urn:taskport:problem:<code>; programs switch on it. */
  readonly type: string
  readonly title: string
  readonly status: number
  /** What is wrong, and what to do. */
  readonly detail: string
  /** JSON path of the first offending field. */
  readonly field?: string | undefined
  readonly errors?: readonly ({
    readonly field: string
    readonly detail: string
  })[] | undefined
  readonly reason?: Reason | undefined
  readonly shortfalls?: readonly ({ readonly [name: string]: unknown })[] | undefined
  /** What the idempotency key was used for before. */
  readonly executions?: readonly (string)[] | undefined
  readonly requestId?: string | undefined
}

export type ProgressReport = {
  readonly percent?: number | undefined
  readonly message?: string | undefined
}

/** Why something waits, failed or stopped. */
export type Reason = {
  /** A word that programs switch on, such as no_room or exit_code. */
  readonly code: string
  /** A sentence that a person can act on. */
  readonly message: string
  /** The values behind both. */
  readonly facts?: { readonly [name: string]: unknown } | undefined
}

/** Nothing was stored, because there was no room and ifNoRoom says refuse. */
export type Refusal = {
  readonly reason: Reason
  /** Why each node could not take it. */
  readonly shortfalls: readonly ({
    readonly node: string
    readonly lacks: string
    readonly detail?: string | undefined
  })[]
}

/** Trying again. */
export type Retry = {
  /** How many times to try again at most; absent: for ever. */
  readonly limit?: number | undefined
  /** Which ends are tried again. Default failure. */
  readonly on?: 'failure' | 'any' | undefined
  /** Only these codes are tried again. */
  readonly exitCodes?: readonly (number)[] | undefined
  /** These codes are final. */
  readonly ignoredExitCodes?: readonly (number)[] | undefined
  /** A shorter try is not repeated. A duration with its unit, such as 500ms, 30s, 5m or 1h30m. */
  readonly minimumUptime?: string | undefined
  /** Whether a lost attempt may run again. Default true. */
  readonly whenLost?: boolean | undefined
  readonly backoff?: {
    /** Wait before the first repetition. Default 1s. A duration with its unit, such as 500ms, 30s, 5m or 1h30m. */
    readonly initial?: string | undefined
    /** Default 2; 1 is constant. */
    readonly factor?: number | undefined
    /** Longest wait. Default 5m. A duration with its unit, such as 500ms, 30s, 5m or 1h30m. */
    readonly maximum?: string | undefined
  } | undefined
}

/** When a task runs by itself. */
export type Schedule = {
  /** Five or six fields, or @daily and the like. */
  readonly cron: string
  /** IANA name. Default UTC. */
  readonly timezone?: string | undefined
  /** While an earlier run goes on. Default skip. */
  readonly overlap?: 'allow' | 'skip' | 'replace' | undefined
  /** For times missed while down. Default latest. */
  readonly catchUp?: 'none' | 'latest' | 'all' | undefined
  /** Missed times older than this are forgotten. A duration with its unit, such as 500ms, 30s, 5m or 1h30m. */
  readonly catchUpWithin?: string | undefined
  readonly paused?: boolean | undefined
}

export type ScheduleList = {
  readonly items: readonly (ScheduleView)[]
}

export type ScheduleView = {
  readonly task: string
  readonly revision: number
  readonly cron: string
  readonly timezone: string
  readonly overlap: string
  readonly catchUp: string
  readonly paused: boolean
  readonly nextAt?: string | undefined
  readonly lastAt?: string | undefined
  readonly lastExecution?: string | undefined
}

export type SecretList = {
  readonly items: readonly ({
    readonly name: string
    readonly updatedAt: string
  })[]
}

export type Stats = {
  readonly at: string
  readonly cpuSeconds: number
  readonly memoryBytes: number
  readonly peakMemoryBytes?: number | undefined
  readonly pids?: number | undefined
}

/** One unit of work in a plan: it runs a program or awaits another execution. */
export type Step = {
  /** Unique in its plan. */
  readonly name: string
  /** What to run. Text is run by `sh -c`; a list is a program and its arguments. */
  readonly run?: string | readonly (string)[] | undefined
  /** Instead of running: wait for another execution, started if absent. */
  readonly await?: {
    /** Key of the awaited execution. */
    readonly key: string
    readonly task?: string | {
      readonly name: string
      readonly revision?: number | undefined
    } | undefined
    /** Default succeeded. */
    readonly until?: 'running' | 'healthy' | 'completed' | 'succeeded' | undefined
    /** One that ended well already will do. */
    readonly acceptFinal?: boolean | undefined
  } | undefined
  /** Groups run in sequence. Default 0. */
  readonly group?: number | undefined
  /** What it waits for. */
  readonly needs?: readonly (string | {
    readonly step: string
    /** Default succeeded. */
    readonly until?: 'started' | 'healthy' | 'completed' | 'succeeded' | undefined
  })[] | undefined
  /** Its failure is the execution’s failure. Default true. */
  readonly essential?: boolean | undefined
  /** When its end stops the other steps; onGroupFailure: no further group begins. Default: onFailure where essential, else never. */
  readonly endsExecution?: 'never' | 'onFailure' | 'onGroupFailure' | 'onExit' | undefined
  /** Environment variables by name. */
  readonly env?: { readonly [name: string]: EnvValue } | undefined
  /** Limit of each try. A duration with its unit, such as 500ms, 30s, 5m or 1h30m. */
  readonly timeout?: string | undefined
  readonly retry?: Retry | undefined
  /** Notes. */
  readonly labels?: { readonly [name: string]: string } | undefined
  /** Container image. */
  readonly image?: string | undefined
  /** Replaces the image’s; else put before `run`. */
  readonly entrypoint?: readonly (string)[] | undefined
  /** When to pull the image. */
  readonly pull?: 'always' | 'missing' | 'never' | undefined
  /** Secret holding {"username","password"} for the registry. */
  readonly registrySecret?: string | undefined
  /** Which executor must run it; absent: the engine chooses. */
  readonly executor?: string | undefined
  /** Absolute. Default: the workspace. */
  readonly workdir?: string | undefined
  /** name, uid or uid:gid. */
  readonly user?: string | undefined
  /** Reserved share, in cores. */
  readonly cpu?: number | undefined
  /** Ceiling, in cores. */
  readonly cpuLimit?: number | undefined
  /** Hard limit, reserved too unless reservedMemory says less. A size with its unit: 512K, 64M, 1.5G (powers of 1,024), 1000B. */
  readonly memory?: string | undefined
  /** What placement reserves. A size with its unit: 512K, 64M, 1.5G (powers of 1,024), 1000B. */
  readonly reservedMemory?: string | undefined
  /** Hard limit on processes and threads. */
  readonly pids?: number | undefined
  /** Hard limit on what the workspace may hold. A size with its unit: 512K, 64M, 1.5G (powers of 1,024), 1000B. */
  readonly disk?: string | undefined
  readonly stop?: {
    /** Default SIGTERM. */
    readonly signal?: string | undefined
    /** Between the signal and SIGKILL to the whole process tree. Default 10s. A duration with its unit, such as 500ms, 30s, 5m or 1h30m. */
    readonly grace?: string | undefined
  } | undefined
  /** Conditions on this step not met within this are never met. A duration with its unit, such as 500ms, 30s, 5m or 1h30m. */
  readonly startTimeout?: string | undefined
  readonly health?: {
    /** Exit 0 is healthy. Text is run by `sh -c`; a list is a program and its arguments. */
    readonly run: string | readonly (string)[]
    /** Default 30s. A duration with its unit, such as 500ms, 30s, 5m or 1h30m. */
    readonly interval?: string | undefined
    /** Default 5s. A duration with its unit, such as 500ms, 30s, 5m or 1h30m. */
    readonly timeout?: string | undefined
    /** Failures in a row that make it unhealthy. Default 3. */
    readonly retries?: number | undefined
    /** Failures before this do not count. Default 0s. A duration with its unit, such as 500ms, 30s, 5m or 1h30m. */
    readonly startPeriod?: string | undefined
  } | undefined
  readonly ports?: readonly (number | {
    /** Shown with the port. */
    readonly name?: string | undefined
    /** The port that the program listens on; 0 with network host: the allocated one. */
    readonly port: number
    /** A fixed port of the node; absent or 0: one is allocated and reported. */
    readonly hostPort?: number | undefined
    /** Default tcp. */
    readonly protocol?: 'tcp' | 'udp' | undefined
    /** Variable that tells the host port. */
    readonly env?: string | undefined
  })[] | undefined
  readonly mounts?: readonly ({
    readonly kind: 'bind' | 'workspace' | 'tmpfs' | 'volume' | 'file'
    /** Absolute path inside. */
    readonly target: string
    /** Host directory, workspace key or volume name. */
    readonly source?: string | undefined
    readonly readOnly?: boolean | undefined
    /** Limit of a tmpfs. A size with its unit: 512K, 64M, 1.5G (powers of 1,024), 1000B. */
    readonly size?: string | undefined
    /** Of a file. */
    readonly content?: string | undefined
  })[] | undefined
  readonly network?: 'host' | 'private' | 'none' | {
    /** host: the node’s network. private: one per execution, ports forwarded. none: loopback only. */
    readonly mode: 'host' | 'private' | 'none'
    readonly hostname?: string | undefined
    /** Name → address. */
    readonly extraHosts?: { readonly [name: string]: string } | undefined
    readonly aliases?: readonly (string)[] | undefined
    readonly dns?: readonly (string)[] | undefined
  } | undefined
  readonly sandbox?: 'on' | 'off' | {
    /** Only the operator may say off. */
    readonly mode: 'on' | 'off'
    /** private: own /tmp and workspace. none: nothing at all. */
    readonly writable?: 'private' | 'none' | undefined
    /** Root file system, read-only; from directories that the operator allows. */
    readonly root?: string | undefined
    /** For containers. */
    readonly readOnlyRoot?: boolean | undefined
  } | undefined
  readonly ulimits?: readonly ({
    /** As nofile. */
    readonly name: string
    readonly soft: number
    readonly hard: number
  })[] | undefined
  /** Above these, lines are dropped and a system line says how many. */
  readonly logs?: {
    readonly linesPerSecond?: number | undefined
    readonly bytesPerSecond?: number | undefined
  } | undefined
  /** The program may append steps while it runs. */
  readonly appends?: boolean | undefined
  /** An init process in front (containers). */
  readonly init?: boolean | undefined
  /** Options only container executors know. */
  readonly container?: { readonly [name: string]: unknown } | undefined
}

/** A step of an execution and how it fares. */
export type StepStatus = {
  readonly name: string
  readonly group: number
  readonly kind: 'run' | 'await'
  readonly needs: readonly ({
    readonly step: string
    readonly until: string
  })[]
  readonly essential: boolean
  readonly state: 'waiting' | 'starting' | 'running' | 'stopping' | 'succeeded' | 'failed' | 'stopped' | 'skipped' | 'lost'
  readonly reason?: Reason | undefined
  /** Of the newest attempt. */
  readonly exitCode?: number | undefined
  readonly health: 'none' | 'unknown' | 'healthy' | 'unhealthy'
  readonly retries: number
  /** When the next try is due. */
  readonly notBefore?: string | undefined
  readonly startedAt?: string | undefined
  readonly stoppingAt?: string | undefined
  readonly finishedAt?: string | undefined
  /** What it published. */
  readonly outputs: { readonly [name: string]: string }
  readonly progress?: {
    readonly percent?: number | undefined
    readonly message?: string | undefined
    /** When it was reported. */
    readonly at: string
  } | undefined
  /** The execution that an await step found or started. */
  readonly awaited?: string | undefined
  /** Newest last; only the newest 20 are kept. */
  readonly attempts: readonly (Attempt)[]
}

/** One execution asked for: a task, a plan of steps, or one command. */
export type Submission = {
  /** Shown to users. */
  readonly name?: string | undefined
  /** A registered task to run; or give steps or command. */
  readonly task?: string | {
    readonly name: string
    readonly revision?: number | undefined
  } | undefined
  /** By which await steps find it. */
  readonly key?: string | undefined
  /** Not started before. RFC 3339. */
  readonly notBefore?: string | undefined
  /** Never started later. RFC 3339. */
  readonly expiresAt?: string | undefined
  /** The plan. */
  readonly steps?: readonly (Step)[] | undefined
  /** Short for one step named `main`; the fields of a step then stand beside it, timeout and retry included. Text is run by `sh -c`; a list is a program and its arguments. */
  readonly command?: string | readonly (string)[] | undefined
  /** Container image. */
  readonly image?: string | undefined
  /** Replaces the image’s; else put before `run`. */
  readonly entrypoint?: readonly (string)[] | undefined
  /** When to pull the image. */
  readonly pull?: 'always' | 'missing' | 'never' | undefined
  /** Secret holding {"username","password"} for the registry. */
  readonly registrySecret?: string | undefined
  /** Which executor must run it; absent: the engine chooses. */
  readonly executor?: string | undefined
  /** Absolute. Default: the workspace. */
  readonly workdir?: string | undefined
  /** name, uid or uid:gid. */
  readonly user?: string | undefined
  /** Reserved share, in cores. */
  readonly cpu?: number | undefined
  /** Ceiling, in cores. */
  readonly cpuLimit?: number | undefined
  /** Hard limit, reserved too unless reservedMemory says less. A size with its unit: 512K, 64M, 1.5G (powers of 1,024), 1000B. */
  readonly memory?: string | undefined
  /** What placement reserves. A size with its unit: 512K, 64M, 1.5G (powers of 1,024), 1000B. */
  readonly reservedMemory?: string | undefined
  /** Hard limit on processes and threads. */
  readonly pids?: number | undefined
  /** Hard limit on what the workspace may hold. A size with its unit: 512K, 64M, 1.5G (powers of 1,024), 1000B. */
  readonly disk?: string | undefined
  readonly stop?: {
    /** Default SIGTERM. */
    readonly signal?: string | undefined
    /** Between the signal and SIGKILL to the whole process tree. Default 10s. A duration with its unit, such as 500ms, 30s, 5m or 1h30m. */
    readonly grace?: string | undefined
  } | undefined
  /** Conditions on this step not met within this are never met. A duration with its unit, such as 500ms, 30s, 5m or 1h30m. */
  readonly startTimeout?: string | undefined
  readonly health?: {
    /** Exit 0 is healthy. Text is run by `sh -c`; a list is a program and its arguments. */
    readonly run: string | readonly (string)[]
    /** Default 30s. A duration with its unit, such as 500ms, 30s, 5m or 1h30m. */
    readonly interval?: string | undefined
    /** Default 5s. A duration with its unit, such as 500ms, 30s, 5m or 1h30m. */
    readonly timeout?: string | undefined
    /** Failures in a row that make it unhealthy. Default 3. */
    readonly retries?: number | undefined
    /** Failures before this do not count. Default 0s. A duration with its unit, such as 500ms, 30s, 5m or 1h30m. */
    readonly startPeriod?: string | undefined
  } | undefined
  readonly ports?: readonly (number | {
    /** Shown with the port. */
    readonly name?: string | undefined
    /** The port that the program listens on; 0 with network host: the allocated one. */
    readonly port: number
    /** A fixed port of the node; absent or 0: one is allocated and reported. */
    readonly hostPort?: number | undefined
    /** Default tcp. */
    readonly protocol?: 'tcp' | 'udp' | undefined
    /** Variable that tells the host port. */
    readonly env?: string | undefined
  })[] | undefined
  readonly mounts?: readonly ({
    readonly kind: 'bind' | 'workspace' | 'tmpfs' | 'volume' | 'file'
    /** Absolute path inside. */
    readonly target: string
    /** Host directory, workspace key or volume name. */
    readonly source?: string | undefined
    readonly readOnly?: boolean | undefined
    /** Limit of a tmpfs. A size with its unit: 512K, 64M, 1.5G (powers of 1,024), 1000B. */
    readonly size?: string | undefined
    /** Of a file. */
    readonly content?: string | undefined
  })[] | undefined
  readonly network?: 'host' | 'private' | 'none' | {
    /** host: the node’s network. private: one per execution, ports forwarded. none: loopback only. */
    readonly mode: 'host' | 'private' | 'none'
    readonly hostname?: string | undefined
    /** Name → address. */
    readonly extraHosts?: { readonly [name: string]: string } | undefined
    readonly aliases?: readonly (string)[] | undefined
    readonly dns?: readonly (string)[] | undefined
  } | undefined
  readonly sandbox?: 'on' | 'off' | {
    /** Only the operator may say off. */
    readonly mode: 'on' | 'off'
    /** private: own /tmp and workspace. none: nothing at all. */
    readonly writable?: 'private' | 'none' | undefined
    /** Root file system, read-only; from directories that the operator allows. */
    readonly root?: string | undefined
    /** For containers. */
    readonly readOnlyRoot?: boolean | undefined
  } | undefined
  readonly ulimits?: readonly ({
    /** As nofile. */
    readonly name: string
    readonly soft: number
    readonly hard: number
  })[] | undefined
  /** Above these, lines are dropped and a system line says how many. */
  readonly logs?: {
    readonly linesPerSecond?: number | undefined
    readonly bytesPerSecond?: number | undefined
  } | undefined
  /** The program may append steps while it runs. */
  readonly appends?: boolean | undefined
  /** An init process in front (containers). */
  readonly init?: boolean | undefined
  /** Options only container executors know. */
  readonly container?: { readonly [name: string]: unknown } | undefined
  /** Environment variables by name. */
  readonly env?: { readonly [name: string]: EnvValue } | undefined
  /** Limit of the whole execution; beside `command`: of each try. A duration with its unit, such as 500ms, 30s, 5m or 1h30m. */
  readonly timeout?: string | undefined
  readonly retry?: Retry | undefined
  /** Higher first. */
  readonly priority?: number | undefined
  /** At most `limit` executions with the same key hold a place at once. */
  readonly concurrency?: readonly ({
    readonly key: string
    readonly limit: number
  })[] | undefined
  /** Default queue. */
  readonly ifNoRoom?: 'refuse' | 'queue' | undefined
  readonly placement?: Placement | undefined
  /** Shown to users; filterable. */
  readonly labels?: { readonly [name: string]: string } | undefined
  /** Deleted that long after its end. Default: the operator’s. A duration with its unit, such as 500ms, 30s, 5m or 1h30m. */
  readonly retention?: string | undefined
}

/** A definition: one revision, which never changes. */
export type Task = {
  readonly name: string
  readonly revision: number
  readonly state: 'active' | 'inactive'
  readonly registeredAt: string
  readonly definition: TaskDefinition
}

/** What a task is: a plan of steps or one command, and what holds for each run. */
export type TaskDefinition = {
  readonly schedule?: Schedule | undefined
  /** The plan. */
  readonly steps?: readonly (Step)[] | undefined
  /** Short for one step named `main`; the fields of a step then stand beside it, timeout and retry included. Text is run by `sh -c`; a list is a program and its arguments. */
  readonly command?: string | readonly (string)[] | undefined
  /** Container image. */
  readonly image?: string | undefined
  /** Replaces the image’s; else put before `run`. */
  readonly entrypoint?: readonly (string)[] | undefined
  /** When to pull the image. */
  readonly pull?: 'always' | 'missing' | 'never' | undefined
  /** Secret holding {"username","password"} for the registry. */
  readonly registrySecret?: string | undefined
  /** Which executor must run it; absent: the engine chooses. */
  readonly executor?: string | undefined
  /** Absolute. Default: the workspace. */
  readonly workdir?: string | undefined
  /** name, uid or uid:gid. */
  readonly user?: string | undefined
  /** Reserved share, in cores. */
  readonly cpu?: number | undefined
  /** Ceiling, in cores. */
  readonly cpuLimit?: number | undefined
  /** Hard limit, reserved too unless reservedMemory says less. A size with its unit: 512K, 64M, 1.5G (powers of 1,024), 1000B. */
  readonly memory?: string | undefined
  /** What placement reserves. A size with its unit: 512K, 64M, 1.5G (powers of 1,024), 1000B. */
  readonly reservedMemory?: string | undefined
  /** Hard limit on processes and threads. */
  readonly pids?: number | undefined
  /** Hard limit on what the workspace may hold. A size with its unit: 512K, 64M, 1.5G (powers of 1,024), 1000B. */
  readonly disk?: string | undefined
  readonly stop?: {
    /** Default SIGTERM. */
    readonly signal?: string | undefined
    /** Between the signal and SIGKILL to the whole process tree. Default 10s. A duration with its unit, such as 500ms, 30s, 5m or 1h30m. */
    readonly grace?: string | undefined
  } | undefined
  /** Conditions on this step not met within this are never met. A duration with its unit, such as 500ms, 30s, 5m or 1h30m. */
  readonly startTimeout?: string | undefined
  readonly health?: {
    /** Exit 0 is healthy. Text is run by `sh -c`; a list is a program and its arguments. */
    readonly run: string | readonly (string)[]
    /** Default 30s. A duration with its unit, such as 500ms, 30s, 5m or 1h30m. */
    readonly interval?: string | undefined
    /** Default 5s. A duration with its unit, such as 500ms, 30s, 5m or 1h30m. */
    readonly timeout?: string | undefined
    /** Failures in a row that make it unhealthy. Default 3. */
    readonly retries?: number | undefined
    /** Failures before this do not count. Default 0s. A duration with its unit, such as 500ms, 30s, 5m or 1h30m. */
    readonly startPeriod?: string | undefined
  } | undefined
  readonly ports?: readonly (number | {
    /** Shown with the port. */
    readonly name?: string | undefined
    /** The port that the program listens on; 0 with network host: the allocated one. */
    readonly port: number
    /** A fixed port of the node; absent or 0: one is allocated and reported. */
    readonly hostPort?: number | undefined
    /** Default tcp. */
    readonly protocol?: 'tcp' | 'udp' | undefined
    /** Variable that tells the host port. */
    readonly env?: string | undefined
  })[] | undefined
  readonly mounts?: readonly ({
    readonly kind: 'bind' | 'workspace' | 'tmpfs' | 'volume' | 'file'
    /** Absolute path inside. */
    readonly target: string
    /** Host directory, workspace key or volume name. */
    readonly source?: string | undefined
    readonly readOnly?: boolean | undefined
    /** Limit of a tmpfs. A size with its unit: 512K, 64M, 1.5G (powers of 1,024), 1000B. */
    readonly size?: string | undefined
    /** Of a file. */
    readonly content?: string | undefined
  })[] | undefined
  readonly network?: 'host' | 'private' | 'none' | {
    /** host: the node’s network. private: one per execution, ports forwarded. none: loopback only. */
    readonly mode: 'host' | 'private' | 'none'
    readonly hostname?: string | undefined
    /** Name → address. */
    readonly extraHosts?: { readonly [name: string]: string } | undefined
    readonly aliases?: readonly (string)[] | undefined
    readonly dns?: readonly (string)[] | undefined
  } | undefined
  readonly sandbox?: 'on' | 'off' | {
    /** Only the operator may say off. */
    readonly mode: 'on' | 'off'
    /** private: own /tmp and workspace. none: nothing at all. */
    readonly writable?: 'private' | 'none' | undefined
    /** Root file system, read-only; from directories that the operator allows. */
    readonly root?: string | undefined
    /** For containers. */
    readonly readOnlyRoot?: boolean | undefined
  } | undefined
  readonly ulimits?: readonly ({
    /** As nofile. */
    readonly name: string
    readonly soft: number
    readonly hard: number
  })[] | undefined
  /** Above these, lines are dropped and a system line says how many. */
  readonly logs?: {
    readonly linesPerSecond?: number | undefined
    readonly bytesPerSecond?: number | undefined
  } | undefined
  /** The program may append steps while it runs. */
  readonly appends?: boolean | undefined
  /** An init process in front (containers). */
  readonly init?: boolean | undefined
  /** Options only container executors know. */
  readonly container?: { readonly [name: string]: unknown } | undefined
  /** Environment variables by name. */
  readonly env?: { readonly [name: string]: EnvValue } | undefined
  /** Limit of the whole execution; beside `command`: of each try. A duration with its unit, such as 500ms, 30s, 5m or 1h30m. */
  readonly timeout?: string | undefined
  readonly retry?: Retry | undefined
  /** Higher first. */
  readonly priority?: number | undefined
  /** At most `limit` executions with the same key hold a place at once. */
  readonly concurrency?: readonly ({
    readonly key: string
    readonly limit: number
  })[] | undefined
  /** Default queue. */
  readonly ifNoRoom?: 'refuse' | 'queue' | undefined
  readonly placement?: Placement | undefined
  /** Shown to users; filterable. */
  readonly labels?: { readonly [name: string]: string } | undefined
  /** Deleted that long after its end. Default: the operator’s. A duration with its unit, such as 500ms, 30s, 5m or 1h30m. */
  readonly retention?: string | undefined
}

export type TaskList = {
  readonly items: readonly (Task)[]
  readonly next?: string | undefined
}

export type Token = {
  readonly id: string
  readonly face: string
  readonly tenant: string
  readonly kind: string
  readonly name: string
  readonly principal: string
  readonly grants: readonly (string)[]
  readonly scope?: string | undefined
  readonly createdAt: string
  readonly expiresAt?: string | undefined
}

export type TokenList = {
  readonly items: readonly (Token)[]
}

export type TokenRequest = {
  /** The API that it is for. */
  readonly face: string
  readonly tenant: string
  /** Default: as the face’s clients need it, a random token for most. */
  readonly kind?: 'hashed' | 'sealed' | 'password' | undefined
  readonly principal?: string | undefined
  readonly grants?: readonly (string)[] | undefined
  readonly scope?: string | undefined
  /** User name or access key id. */
  readonly name?: string | undefined
  /** A wished password. */
  readonly secret?: string | undefined
  /**  RFC 3339. */
  readonly expiresAt?: string | undefined
}

export type Webhook = {
  readonly id: string
  readonly url: string
  /** Only in the answer that made it. */
  readonly secret?: string | undefined
  readonly kinds?: readonly (string)[] | undefined
  readonly labels?: { readonly [name: string]: string } | undefined
  readonly format?: string | undefined
  readonly active: boolean
  readonly createdAt: string
  readonly lastDelivery?: {
    readonly at: string
    readonly status?: number | undefined
    readonly problem?: string | undefined
    readonly pendingRetries: number
  } | undefined
}

export type WebhookList = {
  readonly items: readonly (Webhook)[]
}

export type WebhookSpec = {
  readonly url: string
  /** Signs deliveries; absent: made. */
  readonly secret?: string | undefined
  readonly kinds?: readonly (string)[] | undefined
  /** Only executions with all of these. */
  readonly labels?: { readonly [name: string]: string } | undefined
  readonly format?: string | undefined
  readonly active?: boolean | undefined
}

export interface Operations {
  /** Submit an execution */
  submitExecution: {
    path: { readonly [name: string]: never }
    query: { readonly [name: string]: never }
    headers: {
      /** The same key and body give the same executions again. */
      readonly 'idempotency-key'?: string | undefined
    }
    body: Submission
    answer: Execution
  }
  /** List executions, newest first */
  listExecutions: {
    path: { readonly [name: string]: never }
    query: {
      /** Default 100. */
      readonly limit?: number | undefined
      /** `next` of the page before. */
      readonly cursor?: string | undefined
      /** Oldest first. */
      readonly ascending?: boolean | undefined
      /** Any of these. */
      readonly id?: readonly (string)[] | undefined
      /** Any of these. */
      readonly state?: readonly ('pending' | 'starting' | 'running' | 'stopping' | 'succeeded' | 'failed' | 'cancelled' | 'lost')[] | undefined
      /** Only those that are not final, or only those that are. */
      readonly active?: boolean | undefined
      /** Any of these tasks. */
      readonly task?: readonly (string)[] | undefined
      /** Any of these faces. */
      readonly face?: readonly (string)[] | undefined
      /** Any of these keys. */
      readonly key?: readonly (string)[] | undefined
      /** Any of these nodes. */
      readonly node?: readonly (string)[] | undefined
      /** Any of these. */
      readonly trigger?: readonly ('api' | 'schedule' | 'event' | 'retry' | 'dependency')[] | undefined
      /** Any of these names. */
      readonly name?: readonly (string)[] | undefined
      /** name=value. All names must match, each with any of the values given for it. */
      readonly label?: readonly (string)[] | undefined
      /** name=value, likewise. */
      readonly ref?: readonly (string)[] | undefined
      /**  RFC 3339. */
      readonly acceptedFrom?: string | undefined
      /**  RFC 3339. */
      readonly acceptedUntil?: string | undefined
    }
    headers: { readonly [name: string]: never }
    body: undefined
    answer: ExecutionList
  }
  /** Submit several executions in one commit; each is accepted or refused on its own */
  submitBatch: {
    path: { readonly [name: string]: never }
    query: { readonly [name: string]: never }
    headers: {
      /** The same key and body give the same executions again. */
      readonly 'idempotency-key'?: string | undefined
    }
    body: readonly (Submission)[]
    answer: BatchResult
  }
  /** Count executions by state */
  countExecutions: {
    path: { readonly [name: string]: never }
    query: {
      /** Any of these. */
      readonly id?: readonly (string)[] | undefined
      /** Any of these. */
      readonly state?: readonly ('pending' | 'starting' | 'running' | 'stopping' | 'succeeded' | 'failed' | 'cancelled' | 'lost')[] | undefined
      /** Only those that are not final, or only those that are. */
      readonly active?: boolean | undefined
      /** Any of these tasks. */
      readonly task?: readonly (string)[] | undefined
      /** Any of these faces. */
      readonly face?: readonly (string)[] | undefined
      /** Any of these keys. */
      readonly key?: readonly (string)[] | undefined
      /** Any of these nodes. */
      readonly node?: readonly (string)[] | undefined
      /** Any of these. */
      readonly trigger?: readonly ('api' | 'schedule' | 'event' | 'retry' | 'dependency')[] | undefined
      /** Any of these names. */
      readonly name?: readonly (string)[] | undefined
      /** name=value. All names must match, each with any of the values given for it. */
      readonly label?: readonly (string)[] | undefined
      /** name=value, likewise. */
      readonly ref?: readonly (string)[] | undefined
      /**  RFC 3339. */
      readonly acceptedFrom?: string | undefined
      /**  RFC 3339. */
      readonly acceptedUntil?: string | undefined
    }
    headers: { readonly [name: string]: never }
    body: undefined
    answer: Counts
  }
  /** Get an execution */
  getExecution: {
    path: {
      /** Id of the execution. */
      readonly id: string
    }
    query: { readonly [name: string]: never }
    headers: { readonly [name: string]: never }
    body: undefined
    answer: Execution
  }
  /** Delete a final execution and its logs */
  deleteExecution: {
    path: {
      /** Id of the execution. */
      readonly id: string
    }
    query: { readonly [name: string]: never }
    headers: { readonly [name: string]: never }
    body: undefined
    answer: undefined
  }
  /** Get the steps of an execution as they were asked for */
  getPlan: {
    path: {
      /** Id of the execution. */
      readonly id: string
    }
    query: { readonly [name: string]: never }
    headers: { readonly [name: string]: never }
    body: undefined
    answer: PlanView
  }
  /** Stop an execution: signal, grace, SIGKILL */
  stopExecution: {
    path: {
      /** Id of the execution. */
      readonly id: string
    }
    query: { readonly [name: string]: never }
    headers: { readonly [name: string]: never }
    body: {
      readonly message?: string | undefined
      /** Instead of each step’s own. A duration with its unit, such as 500ms, 30s, 5m or 1h30m. */
      readonly grace?: string | undefined
    } | undefined
    answer: Execution
  }
  /** Run the same plan again as a new execution, linked to this one */
  retryExecution: {
    path: {
      /** Id of the execution. */
      readonly id: string
    }
    query: { readonly [name: string]: never }
    headers: { readonly [name: string]: never }
    body: undefined
    answer: Execution
  }
  /** Set and remove labels, also after the end */
  setLabels: {
    path: {
      /** Id of the execution. */
      readonly id: string
    }
    query: { readonly [name: string]: never }
    headers: { readonly [name: string]: never }
    body: {
      /** Name → value. */
      readonly set?: { readonly [name: string]: string } | undefined
      readonly remove?: readonly (string)[] | undefined
    }
    answer: Execution
  }
  /** Wait until an execution runs or is final */
  waitExecution: {
    path: {
      /** Id of the execution. */
      readonly id: string
    }
    query: {
      /** Default final. */
      readonly until?: 'final' | 'running' | undefined
      /** How long to wait at most; up to 10m. Default 30s. A duration with its unit, such as 500ms, 30s, 5m or 1h30m. */
      readonly timeout?: string | undefined
    }
    headers: { readonly [name: string]: never }
    body: undefined
    answer: Execution
  }
  /** Events of all executions, oldest first */
  listEvents: {
    path: { readonly [name: string]: never }
    query: {
      /** Cursor to begin after; absent: now for a stream, the oldest kept for a page. */
      readonly after?: string | undefined
      /** Begin with what happened from here on; not beside `after`. An RFC 3339 time, or how long ago (5m). */
      readonly since?: string | undefined
      /** Default 100. */
      readonly limit?: number | undefined
      readonly kinds?: readonly (string)[] | undefined
      /** Id of the execution. */
      readonly execution?: string | undefined
    }
    headers: {
      /** Resumes a stream. */
      readonly 'last-event-id'?: string | undefined
    }
    body: undefined
    answer: EventPage
  }
  /** Events of one execution, oldest first */
  listExecutionEvents: {
    path: {
      /** Id of the execution. */
      readonly id: string
    }
    query: {
      /** Cursor to begin after; absent: now for a stream, the oldest kept for a page. */
      readonly after?: string | undefined
      /** Begin with what happened from here on; not beside `after`. An RFC 3339 time, or how long ago (5m). */
      readonly since?: string | undefined
      /** Default 100. */
      readonly limit?: number | undefined
      readonly kinds?: readonly (string)[] | undefined
    }
    headers: {
      /** Resumes a stream. */
      readonly 'last-event-id'?: string | undefined
    }
    body: undefined
    answer: EventPage
  }
  /** Log of the only step, or of the one that ran last, or of the named one */
  getLog: {
    path: {
      /** Id of the execution. */
      readonly id: string
    }
    query: {
      readonly step?: string | undefined
      /** Number of the attempt; default the newest. */
      readonly attempt?: number | undefined
      /** From this sequence number on. */
      readonly seq?: number | undefined
      /** From this RFC 3339 time, or this long ago (5m), on. */
      readonly since?: string | undefined
      /** The last so many lines. */
      readonly last?: number | undefined
      /** Default 1000. */
      readonly limit?: number | undefined
      readonly format?: 'json' | 'text' | undefined
      /** As server-sent events; the same as accepting them. */
      readonly follow?: boolean | undefined
    }
    headers: {
      /** Resumes a stream. */
      readonly 'last-event-id'?: string | undefined
    }
    body: undefined
    answer: LogPage
  }
  /** Log of all steps and attempts in order of time */
  getExecutionLog: {
    path: {
      /** Id of the execution. */
      readonly id: string
    }
    query: {
      /** `after` of a page, or the id of a line: what comes behind it. */
      readonly after?: string | undefined
      /** `before` of a page: the lines just before it. */
      readonly before?: string | undefined
      /** The last lines there are; in order of time all the same. */
      readonly newest?: boolean | undefined
      /** From here on. An RFC 3339 time, or how long ago (5m). */
      readonly since?: string | undefined
      /** Before this. An RFC 3339 time, or how long ago (5m). */
      readonly until?: string | undefined
      /** Only of these. */
      readonly step?: readonly (string)[] | undefined
      /** Default 1000. */
      readonly limit?: number | undefined
      readonly format?: 'json' | 'text' | undefined
      /** As server-sent events; the same as accepting them. */
      readonly follow?: boolean | undefined
    }
    headers: {
      /** Resumes a stream. */
      readonly 'last-event-id'?: string | undefined
    }
    body: undefined
    answer: ExecutionLogPage
  }
  /** Log of a step */
  getStepLog: {
    path: {
      /** Id of the execution. */
      readonly id: string
      /** Name of the step. */
      readonly step: string
    }
    query: {
      /** Number of the attempt; default the newest. */
      readonly attempt?: number | undefined
      /** From this sequence number on. */
      readonly seq?: number | undefined
      /** From this RFC 3339 time, or this long ago (5m), on. */
      readonly since?: string | undefined
      /** The last so many lines. */
      readonly last?: number | undefined
      /** Default 1000. */
      readonly limit?: number | undefined
      readonly format?: 'json' | 'text' | undefined
      /** As server-sent events; the same as accepting them. */
      readonly follow?: boolean | undefined
    }
    headers: {
      /** Resumes a stream. */
      readonly 'last-event-id'?: string | undefined
    }
    body: undefined
    answer: LogPage
  }
  /** Run a command inside a running step */
  execInStep: {
    path: {
      /** Id of the execution. */
      readonly id: string
      /** Name of the step. */
      readonly step: string
    }
    query: { readonly [name: string]: never }
    headers: { readonly [name: string]: never }
    body: {
      /** What to run. Text is run by `sh -c`; a list is a program and its arguments. */
      readonly run: string | readonly (string)[]
      readonly env?: { readonly [name: string]: string } | undefined
      readonly workdir?: string | undefined
      readonly user?: string | undefined
      readonly stdin?: string | undefined
      /**  A duration with its unit, such as 500ms, 30s, 5m or 1h30m. */
      readonly timeout?: string | undefined
    }
    answer: undefined
  }
  /** What a running step uses now */
  getStepStats: {
    path: {
      /** Id of the execution. */
      readonly id: string
      /** Name of the step. */
      readonly step: string
    }
    query: { readonly [name: string]: never }
    headers: { readonly [name: string]: never }
    body: undefined
    answer: Stats
  }
  /** Publish outputs while the attempt runs; an empty value unsets the key */
  publishOutputs: {
    path: {
      /** Id of the attempt. */
      readonly attempt: string
    }
    query: { readonly [name: string]: never }
    headers: { readonly [name: string]: never }
    body: Outputs
    answer: undefined
  }
  /** Report progress while the attempt runs */
  reportProgress: {
    path: {
      /** Id of the attempt. */
      readonly attempt: string
    }
    query: { readonly [name: string]: never }
    headers: { readonly [name: string]: never }
    body: ProgressReport
    answer: undefined
  }
  /** Append steps to the execution while the attempt runs; idempotent by name */
  appendSteps: {
    path: {
      /** Id of the attempt. */
      readonly attempt: string
    }
    query: { readonly [name: string]: never }
    headers: { readonly [name: string]: never }
    body: {
      readonly steps: readonly (Step)[]
    }
    answer: Execution
  }
  /** Register a task: a new revision unless the newest is the same */
  putTask: {
    path: {
      readonly name: string
    }
    query: { readonly [name: string]: never }
    headers: { readonly [name: string]: never }
    body: TaskDefinition
    answer: Task
  }
  /** Get a task */
  getTask: {
    path: {
      readonly name: string
    }
    query: {
      /** Default: the newest, or all when deleting. */
      readonly revision?: number | undefined
    }
    headers: { readonly [name: string]: never }
    body: undefined
    answer: Task
  }
  /** Deactivate a task or one revision: no new executions, no schedule */
  deleteTask: {
    path: {
      readonly name: string
    }
    query: {
      /** Default: the newest, or all when deleting. */
      readonly revision?: number | undefined
    }
    headers: { readonly [name: string]: never }
    body: undefined
    answer: undefined
  }
  /** List tasks, each with its newest active revision */
  listTasks: {
    path: { readonly [name: string]: never }
    query: {
      /** Default 100. */
      readonly limit?: number | undefined
      /** `next` of the page before. */
      readonly cursor?: string | undefined
    }
    headers: { readonly [name: string]: never }
    body: undefined
    answer: TaskList
  }
  /** List the revisions of a task, newest first */
  listTaskRevisions: {
    path: {
      readonly name: string
    }
    query: {
      /** Default 100. */
      readonly limit?: number | undefined
      /** `next` of the page before. */
      readonly cursor?: string | undefined
    }
    headers: { readonly [name: string]: never }
    body: undefined
    answer: TaskList
  }
  /** List schedules with their next and last times */
  listSchedules: {
    path: { readonly [name: string]: never }
    query: { readonly [name: string]: never }
    headers: { readonly [name: string]: never }
    body: undefined
    answer: ScheduleList
  }
  /** List nodes with their capacity and use */
  listNodes: {
    path: { readonly [name: string]: never }
    query: { readonly [name: string]: never }
    headers: { readonly [name: string]: never }
    body: undefined
    answer: NodeList
  }
  /** Register a logical node */
  registerNode: {
    path: { readonly [name: string]: never }
    query: { readonly [name: string]: never }
    headers: { readonly [name: string]: never }
    body: NodeRegistration
    answer: Node
  }
  /** Get a node */
  getNode: {
    path: {
      readonly id: string
    }
    query: { readonly [name: string]: never }
    headers: { readonly [name: string]: never }
    body: undefined
    answer: Node
  }
  /** Deregister a node; forced, what runs on it is stopped */
  deregisterNode: {
    path: {
      readonly id: string
    }
    query: {
      readonly force?: boolean | undefined
    }
    headers: { readonly [name: string]: never }
    body: undefined
    answer: Node
  }
  /** Place nothing new on a node; the shared machine needs the operator */
  drainNode: {
    path: {
      readonly id: string
    }
    query: { readonly [name: string]: never }
    headers: { readonly [name: string]: never }
    body: undefined
    answer: Node
  }
  /** Place on a node again */
  activateNode: {
    path: {
      readonly id: string
    }
    query: { readonly [name: string]: never }
    headers: { readonly [name: string]: never }
    body: undefined
    answer: Node
  }
  /** Set and remove attributes of a node */
  setNodeAttributes: {
    path: {
      readonly id: string
    }
    query: { readonly [name: string]: never }
    headers: { readonly [name: string]: never }
    body: {
      readonly set?: { readonly [name: string]: string } | undefined
      readonly remove?: readonly (string)[] | undefined
    }
    answer: Node
  }
  /** List the names of secrets; values are never returned */
  listSecrets: {
    path: { readonly [name: string]: never }
    query: { readonly [name: string]: never }
    headers: { readonly [name: string]: never }
    body: undefined
    answer: SecretList
  }
  /** Set a secret */
  putSecret: {
    path: {
      readonly name: string
    }
    query: { readonly [name: string]: never }
    headers: { readonly [name: string]: never }
    body: {
      readonly value: string
    }
    answer: undefined
  }
  /** Remove a secret */
  deleteSecret: {
    path: {
      readonly name: string
    }
    query: { readonly [name: string]: never }
    headers: { readonly [name: string]: never }
    body: undefined
    answer: undefined
  }
  /** Delete the directories and volumes that steps shared by name */
  deleteShared: {
    path: { readonly [name: string]: never }
    query: {
      /** `source` of the mounts; those below it (`source/…`) go too. 409 while an active execution has one. */
      readonly source: string
    }
    headers: { readonly [name: string]: never }
    body: undefined
    answer: undefined
  }
  /** List webhooks */
  listWebhooks: {
    path: { readonly [name: string]: never }
    query: { readonly [name: string]: never }
    headers: { readonly [name: string]: never }
    body: undefined
    answer: WebhookList
  }
  /** Have transitions delivered to a URL, signed and retried */
  createWebhook: {
    path: { readonly [name: string]: never }
    query: { readonly [name: string]: never }
    headers: { readonly [name: string]: never }
    body: WebhookSpec
    answer: Webhook
  }
  /** Change a webhook */
  putWebhook: {
    path: {
      readonly id: string
    }
    query: { readonly [name: string]: never }
    headers: { readonly [name: string]: never }
    body: WebhookSpec
    answer: Webhook
  }
  /** Remove a webhook */
  deleteWebhook: {
    path: {
      readonly id: string
    }
    query: { readonly [name: string]: never }
    headers: { readonly [name: string]: never }
    body: undefined
    answer: undefined
  }
  /** Mint a credential of a face for a tenant */
  createToken: {
    path: { readonly [name: string]: never }
    query: { readonly [name: string]: never }
    headers: { readonly [name: string]: never }
    body: TokenRequest
    answer: MintedToken
  }
  /** List credentials without their secrets */
  listTokens: {
    path: { readonly [name: string]: never }
    query: {
      readonly face?: string | undefined
      readonly tenant?: string | undefined
    }
    headers: { readonly [name: string]: never }
    body: undefined
    answer: TokenList
  }
  /** Revoke a credential */
  deleteToken: {
    path: {
      readonly id: string
    }
    query: { readonly [name: string]: never }
    headers: { readonly [name: string]: never }
    body: undefined
    answer: undefined
  }
  /** What this server is, who you are, what its executors enforce */
  getInfo: {
    path: { readonly [name: string]: never }
    query: { readonly [name: string]: never }
    headers: { readonly [name: string]: never }
    body: undefined
    answer: Info
  }
  /** Hold back all placing */
  holdDispatch: {
    path: { readonly [name: string]: never }
    query: { readonly [name: string]: never }
    headers: { readonly [name: string]: never }
    body: undefined
    answer: undefined
  }
  /** Place again */
  resumeDispatch: {
    path: { readonly [name: string]: never }
    query: { readonly [name: string]: never }
    headers: { readonly [name: string]: never }
    body: undefined
    answer: undefined
  }
  /** Stop and forget everything; only where the server is ephemeral */
  reset: {
    path: { readonly [name: string]: never }
    query: { readonly [name: string]: never }
    headers: { readonly [name: string]: never }
    body: undefined
    answer: undefined
  }
}

/** Method and path of every operation. */
export const ROUTES = {
  submitExecution: ['POST', '/taskport/v1/executions'],
  listExecutions: ['GET', '/taskport/v1/executions'],
  submitBatch: ['POST', '/taskport/v1/executions:batch'],
  countExecutions: ['GET', '/taskport/v1/executions:count'],
  getExecution: ['GET', '/taskport/v1/executions/{id}'],
  deleteExecution: ['DELETE', '/taskport/v1/executions/{id}'],
  getPlan: ['GET', '/taskport/v1/executions/{id}/plan'],
  stopExecution: ['POST', '/taskport/v1/executions/{id}/stop'],
  retryExecution: ['POST', '/taskport/v1/executions/{id}/retry'],
  setLabels: ['PATCH', '/taskport/v1/executions/{id}/labels'],
  waitExecution: ['GET', '/taskport/v1/executions/{id}/wait'],
  listEvents: ['GET', '/taskport/v1/events'],
  listExecutionEvents: ['GET', '/taskport/v1/executions/{id}/events'],
  getLog: ['GET', '/taskport/v1/executions/{id}/logs'],
  getExecutionLog: ['GET', '/taskport/v1/executions/{id}/log'],
  getStepLog: ['GET', '/taskport/v1/executions/{id}/steps/{step}/logs'],
  execInStep: ['POST', '/taskport/v1/executions/{id}/steps/{step}/exec'],
  getStepStats: ['GET', '/taskport/v1/executions/{id}/steps/{step}/stats'],
  publishOutputs: ['POST', '/taskport/v1/attempts/{attempt}/outputs'],
  reportProgress: ['POST', '/taskport/v1/attempts/{attempt}/progress'],
  appendSteps: ['POST', '/taskport/v1/attempts/{attempt}/steps'],
  putTask: ['PUT', '/taskport/v1/tasks/{name}'],
  getTask: ['GET', '/taskport/v1/tasks/{name}'],
  deleteTask: ['DELETE', '/taskport/v1/tasks/{name}'],
  listTasks: ['GET', '/taskport/v1/tasks'],
  listTaskRevisions: ['GET', '/taskport/v1/tasks/{name}/revisions'],
  listSchedules: ['GET', '/taskport/v1/schedules'],
  listNodes: ['GET', '/taskport/v1/nodes'],
  registerNode: ['POST', '/taskport/v1/nodes'],
  getNode: ['GET', '/taskport/v1/nodes/{id}'],
  deregisterNode: ['DELETE', '/taskport/v1/nodes/{id}'],
  drainNode: ['POST', '/taskport/v1/nodes/{id}/drain'],
  activateNode: ['POST', '/taskport/v1/nodes/{id}/activate'],
  setNodeAttributes: ['PATCH', '/taskport/v1/nodes/{id}/attributes'],
  listSecrets: ['GET', '/taskport/v1/secrets'],
  putSecret: ['PUT', '/taskport/v1/secrets/{name}'],
  deleteSecret: ['DELETE', '/taskport/v1/secrets/{name}'],
  deleteShared: ['DELETE', '/taskport/v1/shared'],
  listWebhooks: ['GET', '/taskport/v1/webhooks'],
  createWebhook: ['POST', '/taskport/v1/webhooks'],
  putWebhook: ['PUT', '/taskport/v1/webhooks/{id}'],
  deleteWebhook: ['DELETE', '/taskport/v1/webhooks/{id}'],
  createToken: ['POST', '/taskport/v1/tokens'],
  listTokens: ['GET', '/taskport/v1/tokens'],
  deleteToken: ['DELETE', '/taskport/v1/tokens/{id}'],
  getInfo: ['GET', '/taskport/v1/info'],
  holdDispatch: ['POST', '/taskport/v1/dispatch/hold'],
  resumeDispatch: ['POST', '/taskport/v1/dispatch/resume'],
  reset: ['POST', '/taskport/v1/reset'],
} as const satisfies Readonly<Record<keyof Operations, readonly [method: string, path: string]>>
