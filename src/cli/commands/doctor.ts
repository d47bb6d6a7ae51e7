import type { Paint, Style } from '../colour.ts'
import type { Command } from '../command.ts'

const MARKS: Readonly<Record<string, readonly [mark: string, style: Style]>> = {
  ok: ['✔', 'green'],
  warning: ['!', 'yellow'],
  problem: ['✖', 'red'],
}

export const doctor: Command = {
  name: 'doctor',
  summary: 'look at what this machine offers: sandbox, limits, disk, service, engines',
  isServer: true,
  options: [
    { flags: '--data-dir <dir>', description: 'data directory of the server (./.taskport)' },
    { flags: '--ffmpeg <path>', description: 'the ffmpeg that the server is given' },
  ],
  async run(context, _args, options) {
    const { examine } = await import('../../server/doctor.ts')
    const ffmpeg = options.text('ffmpeg')
    const findings = await examine({ dataDirectory: context.dataDirectory, ...(ffmpeg !== undefined && { ffmpeg }) })
    const { output } = context
    output.show({ findings }, () => findings.map((finding) => text(finding, output.paint)).join(''))
    return findings.some((f) => f.state === 'problem') ? 1 : 0
  },
}

function text(
  finding: { readonly name: string; readonly state: string; readonly says: string; readonly next?: string },
  paint: Paint,
): string {
  const [mark, style] = MARKS[finding.state]!
  const next = finding.next === undefined ? '' : `\n    ${paint('dim', `→ ${finding.next}`)}`
  return `${paint(style, mark)} ${finding.name.padEnd(16)} ${finding.says}${next}\n`
}
