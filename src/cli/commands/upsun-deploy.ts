import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { Command, Options } from '../command.ts'
import { EXIT_FAILURE, Failure } from '../failure.ts'
import type { Output } from '../output.ts'
import { type UpsunClient, upsunClient } from '../upsun-client.ts'

interface Activity {
  readonly id: string
  readonly completion_percent: number
  readonly result: 'success' | 'failure' | null
  readonly _links: { readonly self: { readonly href: string }; readonly log: { readonly href: string } }
}

export const upsunDeploy: Command = {
  name: 'upsun deploy',
  summary: 'deploy the tasks of a directory with a .upsun/config.yaml, and wait for its builds',
  arguments: [{ name: '[dir]', description: 'the source tree (.)' }],
  options: [
    { flags: '--project <id>', description: 'made if it is not there (PLATFORM_PROJECT)' },
    { flags: '--environment <name>', description: 'made if it is not there (main)' },
    { flags: '--timezone <zone>', description: 'of the project, such as Europe/Berlin' },
    { flags: '--size <task=cpu>', description: 'CPU size of a task: 0.1 to 8', repeats: true },
    { flags: '--parallel <n>', description: 'runs of the environment at a time (3)' },
    { flags: '--type <type>', description: 'of a new environment', choices: ['development', 'staging', 'production'] },
    { flags: '--strict-runtimes', description: 'fail where this machine has another version than `type` says' },
    { flags: '--no-wait', description: 'return as soon as the deployment is accepted' },
  ],
  examples: [
    'taskport upsun deploy . --project shop --environment main',
    'upsun task:run import -p shop -e main --wait',
  ],
  async run(context, [directory = '.'], options) {
    if (!existsSync(join(directory, '.upsun', 'config.yaml')))
      throw new Failure(`${directory} has no .upsun/config.yaml`, 'begin with `taskport upsun init`')
    const project = options.text('project') ?? context.environment.PLATFORM_PROJECT
    if (project === undefined) throw new Failure('no project is named', 'add --project ID')
    const environment = options.text('environment') ?? 'main'
    const client = await upsunClient(context, { url: options.text('url') })
    const activity = await post(client, directory, project, environment, options)
    if (options.all().wait === false) {
      context.output.show(activity, () => `${activity.id}\n`)
      return 0
    }
    await showLog(client, activity, context.output)
    const end = (await (await client.request(activity._links.self.href)).json()) as Activity
    context.output.show(end, () => '')
    if (end.result === 'success') {
      context.output.note(`deployed to ${project} ${environment}`)
      return 0
    }
    throw new Failure(`the deployment failed (activity ${end.id})`, undefined, EXIT_FAILURE)
  },
}

async function post(
  client: UpsunClient,
  directory: string,
  project: string,
  environment: string,
  options: Options,
): Promise<Activity> {
  const query = new URLSearchParams()
  for (const name of ['timezone', 'parallel', 'type']) {
    const value = options.text(name)
    if (value !== undefined) query.set(name, value)
  }
  for (const size of options.list('size')) query.append('size', size)
  if (options.flag('strict-runtimes')) query.set('strict_runtimes', '1')
  const place = `/projects/${encodeURIComponent(project)}/environments/${encodeURIComponent(environment)}`
  const body = Readable.toWeb(packed(directory)) as unknown as ReadableStream
  const request = { method: 'POST', headers: { 'content-type': 'application/gzip' }, body, duplex: 'half' }
  const response = await client.request(`${place}/deploy?${query}`, request as RequestInit)
  const reply = (await response.json()) as { readonly _embedded: { readonly activities: readonly Activity[] } }
  return reply._embedded.activities[0]!
}

/** The tree without its history, by the machine's tar. */
function packed(directory: string): Readable {
  const tar = spawn('tar', ['-czf', '-', '--exclude=./.git', '--exclude=./.taskport', '-C', directory, '.'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  tar.on('error', (error) =>
    tar.stdout.destroy(new Failure('tar is needed to pack the directory', undefined, 1, error)),
  )
  tar.on('close', (code) => {
    if (code !== 0) tar.stdout.destroy(new Failure(`tar could not pack ${directory} (exit code ${code})`))
  })
  return tar.stdout
}

async function showLog(client: UpsunClient, activity: Activity, output: Output): Promise<void> {
  const response = await client.request(activity._links.log.href)
  if (!response.body) return
  let rest = ''
  for await (const piece of response.body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + piece).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      const { data } = JSON.parse(line) as { readonly data?: { readonly message: string } }
      if (data) output.note(data.message.replace(/\n$/, ''))
    }
  }
}
