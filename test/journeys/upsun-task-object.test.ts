/** Each of the 16 keys of the Task object changes what the task sees or may do. */
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { NpmRegistry } from '../support/npm-registry.ts'
import { UpsunWorld } from '../support/upsun-world.ts'

const KEYS = [
  ...['additional_hosts', 'authorizations', 'container_profile', 'dependencies', 'hooks', 'id', 'mounts', 'name'],
  ...['relationships', 'resources', 'run', 'runtime', 'source', 'timezone', 'type', 'variables'],
]

const CONFIG = `
tasks:
  everything:
    type: "python:3.11"
    source: { root: /jobs }
    hooks:
      build: |
        set -e
        echo "built for $PLATFORM_APPLICATION_NAME by $ONLY_BUILD" > built.txt
        test -w "$PLATFORM_CACHE_DIR"
        env | cut -d= -f1 > names.txt
      deploy: 'echo "deploying with $WHO"'
    run: { command: "cat built.txt main.txt; pwd; hostname; sh -c \\"$SCRIPT\\"", timeout: 120 }
    variables:
      env: { WHO: config, ONLY_BUILD: hook }
      app: { colour: red, list: [1, 2] }
    timezone: Asia/Tokyo
    additional_hosts: { legacy.internal: 192.0.2.7 }
    mounts:
      data: { source: storage }
      scratch: { source: tmp }
      /tmp: { source: tmp }
  bare:
    type: "python:3.11"
    run: { command: 'for d in /app /tmp /workspace /var/tmp /dev/shm /run; do touch $d/x 2>/dev/null && echo "wrote $d"; done; date +%Z' }
  brief:
    type: "python:3.11"
    run: { command: "trap '' TERM; echo begun; while true; do sleep 0.1; done", timeout: 1 }
  small:
    type: "python:3.11"
    resources: { base_memory: 64, memory_ratio: 0 }
    run: { command: "python3 -c 'print(len(bytearray(90*1024*1024)))'" }
  large:
    type: "python:3.11"
    container_profile: HIGH_MEMORY
    run: { command: "python3 -c 'print(len(bytearray(90*1024*1024)))'" }
  related:
    type: "python:3.11"
    relationships: { database: "db:postgresql", unknown: }
    run: { command: "echo $DATABASE_HOST $DATABASE_PORT $DATABASE_PASSWORD" }
`

describe('the keys of a task', () => {
  const world = new UpsunWorld()
  beforeAll(async () => {
    await world.open()
    const files = {
      '.upsun/config.yaml': CONFIG,
      'jobs/main.txt': 'main\n',
      'jobs/.environment': 'export FROM_FILE=yes\n',
    }
    const deployed = await world.deploy('keys', files, ['--timezone', 'Europe/Berlin', '--size', 'bare=1'])
    expect(deployed.code, deployed.stderr).toBe(0)
  }, 60_000)
  afterAll(() => world.close())

  const script = async (text: string): Promise<string> =>
    (await world.run('keys', 'everything', { env: { SCRIPT: text } })).log

  test('the object has the 16 keys and links, nothing else', async () => {
    const tasks = await world.json<Record<string, unknown>[]>('/projects/keys/environments/main/tasks')
    for (const task of tasks)
      expect(
        Object.keys(task)
          .filter((key) => key !== '_links')
          .sort(),
      ).toEqual(KEYS)
    const one = await world.json('/projects/keys/environments/main/tasks/everything')
    expect(one).toMatchObject({
      id: 'everything',
      name: 'everything',
      source: { root: '/jobs' },
      run: { timeout: 120 },
    })
  })

  test('id, name: what the program is called, in its variables and its host name', async () => {
    const log = await script('echo $PLATFORM_APPLICATION_NAME')
    expect(log).toMatch(/^everything--task--[a-z0-9]{8}\.0$/m)
    expect(log).toMatch(/^everything$/m)
  })

  test('source.root and hooks.build: the application is that directory, built; build variables are seen there', async () => {
    const log = await script('ls -a /app')
    expect(log).toContain('built for everything by hook\nmain\n/app\n')
    expect(log).not.toContain('.upsun')
  })

  test('hooks.deploy runs before the command, with the variables of the run', async () => {
    const { log } = await world.run('keys', 'everything', { env: { WHO: 'run', SCRIPT: 'true' } })
    expect(log.indexOf('deploying with run')).toBeGreaterThan(-1)
    expect(log.indexOf('deploying with run')).toBeLessThan(log.indexOf('built for'))
  })

  test('run.command decides the exit code; run.timeout kills, and the log names the limit', async () => {
    const failed = await world.run('keys', 'everything', { env: { SCRIPT: 'exit 9' } })
    expect(failed.activity.commands).toContainEqual({ app: 'everything', type: 'run', exit_code: 9 })
    const { log, activity } = await world.run('keys', 'brief')
    expect(log).toContain('begun\n')
    expect(log).toContain('run.timeout (1 second) and was sent SIGTERM, and SIGKILL 10 seconds later')
    expect(activity).toMatchObject({ state: 'complete', result: 'failure', failure_reason: 'shell' })
    expect(activity.payload.taskport).toMatchObject({ outcome: 'timedOut', killed_after_grace: true })
  }, 40_000)

  test('variables: env becomes Unix variables, other prefixes PLATFORM_VARIABLES; .environment is read last', async () => {
    const log = await script('echo $WHO $FROM_FILE; echo $PLATFORM_VARIABLES | base64 -d')
    expect(log).toContain('config yes\n')
    expect(log).toContain('{"app:colour":"red","app:list":[1,2]}')
  })

  test('what is provided is there: for builds, for runs, and for each of them alone', async () => {
    const names = (text: string): readonly string[] =>
      text.split('\n').filter((line) => /^(PLATFORM_\w+|CI|PORT|SOCKET)$/.test(line))
    const both = `PLATFORM_APPLICATION PLATFORM_APPLICATION_NAME PLATFORM_APP_DIR PLATFORM_PROJECT PLATFORM_PROJECT_ENTROPY
      PLATFORM_TREE_ID PLATFORM_VARIABLES`
    const run = `PLATFORM_APP_COMMAND PLATFORM_BRANCH PLATFORM_DOCUMENT_ROOT PLATFORM_ENVIRONMENT PLATFORM_ENVIRONMENT_TYPE
      PLATFORM_RELATIONSHIPS PLATFORM_ROUTES PLATFORM_SMTP_HOST PORT SOCKET`
    const build = 'CI PLATFORM_CACHE_DIR PLATFORM_OUTPUT_DIR PLATFORM_SOURCE_DIR PLATFORM_VENDOR'
    const listed = (text: string): readonly string[] => text.split(/\s+/).sort()
    expect([...new Set(names(await script('env | cut -d= -f1')))].sort()).toEqual(listed(`${both} ${run}`))
    expect(names(await script('cat names.txt')).toSorted()).toEqual(listed(`${both} ${build}`))
    const shown = await script(
      'echo $PLATFORM_PROJECT $PLATFORM_BRANCH $PLATFORM_ENVIRONMENT $PLATFORM_ENVIRONMENT_TYPE $PLATFORM_APP_DIR',
    )
    expect(shown).toMatch(/^keys main main-[a-z0-9]{7} development \/app$/m)
    expect(await script('printf %s "$PLATFORM_PROJECT_ENTROPY" | wc -c')).toMatch(/^56$/m)
    expect(await script('echo $PLATFORM_APPLICATION | base64 -d')).toMatch(
      /^\{"name":"everything","type":"python:3.11"/m,
    )
  })

  test('timezone: of the task, else of the project', async () => {
    expect(await script('date +%Z')).toContain('JST')
    expect((await world.run('keys', 'bare')).log).toMatch(/^CES?T$/m)
    const other = await world.json<{ timezone: null }>('/projects/keys/environments/main/tasks/bare')
    expect(other.timezone).toBeNull()
    expect(await world.json('/projects/keys')).toMatchObject({ timezone: 'Europe/Berlin' })
  })

  test('additional_hosts: names in its own hosts file', async () => {
    expect(await script('getent hosts legacy.internal')).toContain('192.0.2.7')
  })

  test('mounts: writable where declared and nowhere else; storage outlives a run, tmp does not', async () => {
    const first = await script(
      'echo kept > data/f; echo gone > scratch/f; echo x > /tmp/f && echo tmp ok; touch other 2>&1',
    )
    expect(first).toContain('tmp ok')
    expect(first).toMatch(/other.*Read-only file system/)
    const second = await script('cat data/f; cat scratch/f 2>&1')
    expect(second).toContain('kept\n')
    expect(second).not.toContain('gone')
    expect((await world.run('keys', 'bare')).log).not.toContain('wrote')
  })

  test('resources and container_profile: memory is enforced', async () => {
    const small = await world.run('keys', 'small')
    expect(small.activity.result).toBe('failure')
    const large = await world.run('keys', 'large')
    expect(large.log).toContain(String(90 * 1024 * 1024))
    expect(large.activity.result).toBe('success')
  })

  test('relationships: to endpoints that are declared as variables; one that leads nowhere is named', async () => {
    const missing = await world.api('/projects/keys/environments/main/tasks/related/run', { method: 'POST' })
    expect(missing.status).toBe(400)
    expect(await missing.text()).toContain('relationship database: no endpoint of db is declared')
    for (const [name, value] of [
      ['endpoint:db', 'postgresql://ann:s3cret@db.example:5432/main'],
      ['endpoint:unknown', 'http://127.0.0.1:9'],
    ])
      await world.api('/projects/keys/environments/main/variables', {
        method: 'POST',
        body: JSON.stringify({ name, value, is_sensitive: true }),
      })
    const { log, activity } = await world.run('keys', 'related')
    expect(log).toContain('db.example 5432 s3cret\n')
    expect(JSON.stringify(activity)).not.toContain('s3cret')
  })

  test('type: says which toolchain runs, and a strict deployment fails on another version', async () => {
    const config = 'tasks: { t: { type: "python:2.1", run: { command: "true" } } }'
    const lax = await world.deploy('types', { '.upsun/config.yaml': config })
    expect(lax.code, lax.stderr).toBe(0)
    expect(lax.stderr).toMatch(/Warning: python:2\.1 was asked for, this machine has python3 3/)
    const strict = await world.deploy('types', { '.upsun/config.yaml': config }, ['--strict-runtimes'])
    expect(strict.code).toBe(1)
    expect(strict.stderr).toContain('strict runtimes')
  }, 20_000)

  test('type: an operator says by a variable where a toolchain lies; build and run find it', async () => {
    const python = '#!/bin/sh\necho "Python 2.1.0"\n'
    const hook = 'hooks: { build: "python3 --version" }'
    const files = {
      '.upsun/config.yaml': `tasks: { t: { type: "python:2.1", ${hook}, run: { command: "python3 --version" } } }`,
      'fake/python3': python,
    }
    expect((await world.deploy('chain', files)).code).toBe(0)
    const body = JSON.stringify({ name: 'runtime:python:2.1', value: '/app/fake' })
    await world.api('/projects/chain/variables', { method: 'POST', body })
    const strict = await world.deploy('chain', files, ['--strict-runtimes'])
    expect(strict.stderr).toContain('Using Python 2.1.0 for python:2.1')
    expect(strict.code).toBe(0)
    expect((await world.run('chain', 't')).log).toContain('Python 2.1.0\n')
  })

  test('dependencies: installed by their package manager, or the missing one is named; runtime: for php only', async () => {
    const missing =
      'tasks: { t: { type: "php:8.3", run: { command: "true" }, dependencies: { php: { x/y: "*" } }, runtime: { extensions: [redis] } } }'
    const failed = await world.deploy('deps', { '.upsun/config.yaml': missing })
    expect(failed.code).toBe(1)
    expect(failed.stderr).toMatch(/dependencies\.php needs composer, which is not installed here|composer failed/)
    const elsewhere =
      'tasks:\n  t:\n    type: "python:3.11"\n    run: { command: "true" }\n    runtime: { extensions: [redis] }\n'
    const refused = await world.deploy('deps', { '.upsun/config.yaml': elsewhere })
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain('.upsun/config.yaml:5:5: tasks.t.runtime: runtime means something for php only')
  }, 20_000)

  test('dependencies: what is installed is there for the build hook and the run, fetched by way of the cache', async () => {
    const registry = await NpmRegistry.open('greeter', '#!/bin/sh\necho greeted by $0\n')
    try {
      const config = `
tasks:
  t:
    type: "nodejs:20"
    variables: { env: { npm_config_registry: "${registry.url}" } }
    dependencies: { nodejs: { greeter: "^1.0" } }
    hooks: { build: "set -e; greeter > built.txt; ls -d $PLATFORM_CACHE_DIR/.packages/npm" }
    run: { command: "cat built.txt; greeter" }
`
      const deployed = await world.deploy('greets', { '.upsun/config.yaml': config })
      expect(deployed.code, deployed.stderr).toBe(0)
      expect(deployed.stderr).toContain('Installing nodejs dependencies: greeter')
      expect(deployed.stderr).toContain('/cache/.packages/npm')
      const { log } = await world.run('greets', 't')
      expect(log.match(/greeted by \/app\/\.global\/bin\/greeter/g)).toHaveLength(2)
    } finally {
      registry.close()
    }
  }, 30_000)

  test('runtime: what php is to load and to be set to reaches it as configuration', async () => {
    const runtime = 'runtime: { extensions: [redis, { name: blackfire, configuration: { blackfire.log_level: 3 } }] }'
    const run = 'run: { command: "echo $PHP_INI_SCAN_DIR; cat /run/php/runtime.ini" }'
    const config = `tasks: { t: { type: "php:8.3", ${run}, ${runtime}, variables: { php: { memory_limit: 77M } } } }`
    const deployed = await world.deploy('php', { '.upsun/config.yaml': config })
    expect(deployed.code, deployed.stderr).toBe(0)
    const { log } = await world.run('php', 't')
    expect(log).toContain(
      ':/run/php\nextension=redis\nextension=blackfire\nblackfire.log_level = 3\nmemory_limit = 77M\n',
    )
  }, 20_000)

  test('the vendor’s in-task library, in a running task, reads what it is given', async () => {
    const library = dirname(createRequire(import.meta.url).resolve('platformsh-config/package.json'))
    const inTree = (path: string): [string, string] => [
      `node_modules/platformsh-config/${path}`,
      readFileSync(join(library, path), 'utf8'),
    ]
    const read = `
      const config = require('platformsh-config').config()
      const { host, port } = config.credentials('database')
      const { name, type } = config.application()
      console.log(JSON.stringify({
        inRuntime: config.inRuntime(), valid: config.isValidPlatform(), colour: config.variable('app:colour'),
        settings: config.variable('settings'), project: config.project, branch: config.branch, host, port, name, type,
      }))`
    const files = {
      '.upsun/config.yaml': `tasks: { reader: { type: "nodejs:20", relationships: { database: "db:mysql" }, variables: { app: { colour: red } }, run: { command: "node read.js" } } }`,
      'read.js': read,
      ...Object.fromEntries(
        ['package.json', ...filesOf(join(library, 'lib')).map((path) => `lib/${path}`)].map(inTree),
      ),
    }
    const deployed = await world.deploy('library', files)
    expect(deployed.code, deployed.stderr).toBe(0)
    const main = '/projects/library/environments/main/variables'
    for (const variable of [
      { name: 'endpoint:db', value: 'mysql://ann:pw@db.example:3306/main', is_sensitive: true },
      { name: 'settings', value: '{"deep":[1,2]}', is_json: true },
    ])
      await world.api(main, { method: 'POST', body: JSON.stringify(variable) })
    const { log } = await world.run('library', 'reader')
    expect(JSON.parse(log.trim().split('\n').at(-1)!)).toEqual({
      ...{ inRuntime: true, valid: true, colour: 'red', settings: { deep: [1, 2] } },
      ...{ project: 'library', branch: 'main', host: 'db.example', port: 3306, name: 'reader', type: 'nodejs:20' },
    })
  }, 30_000)
})

const filesOf = (directory: string): readonly string[] =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
