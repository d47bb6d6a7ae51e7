import { readFileSync } from 'node:fs'

/** What the systemd unit of this process, if it runs in one, does to tasks when the server ends or restarts. */
export interface ServiceUnit {
  readonly name: string
  readonly killMode: string
  readonly delegate: boolean
  /** Where in its own tree the server is put; undefined: at the root of it. */
  readonly subgroup: string | undefined
}

const FOLDERS = [
  '/etc/systemd/system',
  '/run/systemd/system',
  '/usr/local/lib/systemd/system',
  '/usr/lib/systemd/system',
]

/** The installed unit of this name, with its drop-ins left aside; undefined where there is none. */
export function installedUnit(name: string, folders: readonly string[] = FOLDERS): ServiceUnit | undefined {
  for (const folder of folders) {
    const text = read(`${folder}/${name}`)
    if (text !== undefined) return unitOf(name, text)
  }
  return undefined
}

/** systemd.kill(5): without KillMode it is control-group, which ends every process of the unit. */
export function unitOf(name: string, text: string): ServiceUnit {
  const settings = new Map<string, string>()
  let section = ''
  for (const line of text.split('\n').map((l) => l.trim())) {
    if (line.startsWith('[')) section = line
    const equals = line.indexOf('=')
    if (section === '[Service]' && equals > 0 && !/^[#;]/.test(line))
      settings.set(line.slice(0, equals).trim(), line.slice(equals + 1).trim())
  }
  return {
    name,
    killMode: settings.get('KillMode') ?? 'control-group',
    delegate: /^(yes|true|on|1)$/i.test(settings.get('Delegate') ?? 'no'),
    subgroup: settings.get('DelegateSubgroup'),
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
