import type { Command } from '../command.ts'
import { durationMs, durationText } from '../duration.ts'
import { showEach } from '../show-each.ts'
import { table } from '../table.ts'

export const tokenCreate: Command = {
  name: 'token create',
  summary: 'mint a credential of a face for a tenant; its secret is shown once',
  options: [
    { flags: '--face <face>', description: 'the API that it is for: native, ecs, …', required: true },
    { flags: '--tenant <tenant>', description: 'whose work it may see', required: true },
    {
      flags: '--kind <kind>',
      description: 'random token, readable secret or password; default: as the face’s clients need it',
      choices: ['hashed', 'sealed', 'password'],
    },
    { flags: '--principal <id>', description: 'who uses it' },
    {
      flags: '--grant <grant>',
      description: 'what it may do, in the face’s words; * is all. ecs, ona, cloudfoundry: none is nothing',
      repeats: true,
    },
    { flags: '--name <name>', description: 'a wished user name or access key id' },
    { flags: '--expires-in <duration>', description: 'valid that long, such as 30d' },
  ],
  async run(context, _args, options) {
    const lifetime = options.text('expires-in')
    const grants = options.list('grant')
    const token = await (await context.client()).call('createToken', {
      body: {
        face: options.text('face')!,
        tenant: options.text('tenant')!,
        kind: options.text('kind') as 'hashed' | 'sealed' | 'password' | undefined,
        principal: options.text('principal'),
        name: options.text('name'),
        ...(grants.length > 0 && { grants }),
        ...(lifetime !== undefined && { expiresAt: expiry(durationText(lifetime, '--expires-in')) }),
      },
    })
    context.output.show(token, () => `${token.secret}\n`)
    context.output.note(
      `${token.face} credential ${token.id}, name ${token.name}, tenant ${token.tenant}; shown only this once`,
    )
    return 0
  },
}

const expiry = (lifetime: string): string => new Date(Date.now() + durationMs(lifetime)).toISOString()

export const tokenLs: Command = {
  name: 'token ls',
  summary: 'list credentials without their secrets',
  options: [
    { flags: '--face <face>', description: 'only of this API' },
    { flags: '--tenant <tenant>', description: 'only of this tenant' },
  ],
  async run(context, _args, options) {
    const query = { face: options.text('face'), tenant: options.text('tenant') }
    const list = await (await context.client()).call('listTokens', { query })
    context.output.show(list, () =>
      list.items.length === 0
        ? 'no credentials but those of the first start (taskport env prints them)\n'
        : table(list.items, [
            { heading: 'ID', cell: (t) => t.id },
            { heading: 'FACE', cell: (t) => t.face },
            { heading: 'TENANT', cell: (t) => t.tenant },
            { heading: 'KIND', cell: (t) => t.kind },
            { heading: 'NAME', cell: (t) => t.name },
            { heading: 'PRINCIPAL', cell: (t) => t.principal },
            { heading: 'GRANTS', cell: (t) => t.grants.join(', ') },
            { heading: 'EXPIRES', cell: (t) => t.expiresAt ?? '' },
          ]),
    )
    return 0
  },
}

export const tokenRevoke: Command = {
  name: 'token revoke',
  summary: 'revoke credentials at once',
  arguments: [{ name: '<id...>', description: 'ids, from token ls' }],
  async run(context, args) {
    const client = await context.client()
    for (const id of args) await client.call('deleteToken', { path: { id } })
    showEach(
      context.output,
      args.map((id) => ({ id })),
      ({ id }) => id,
    )
    return 0
  },
}
