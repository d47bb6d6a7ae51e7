import { styleText } from 'node:util'

export type Paint = (style: Style, text: string) => string
export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'blue' | 'cyan'

const plain: Paint = (_, text) => text
const coloured: Paint = (style, text) => styleText(style, text, { validateStream: false })

/** Colour on a terminal only, and never with NO_COLOR set (https://no-color.org); FORCE_COLOR wins over both. */
export function paintFor(
  stream: { readonly isTTY?: boolean },
  environment: Readonly<Record<string, string | undefined>>,
): Paint {
  if (environment.FORCE_COLOR !== undefined && environment.FORCE_COLOR !== '0') return coloured
  if (environment.NO_COLOR || environment.TERM === 'dumb') return plain
  return stream.isTTY ? coloured : plain
}

const STATE_STYLES: Readonly<Record<string, Style>> = {
  waiting: 'dim',
  pending: 'dim',
  starting: 'cyan',
  running: 'cyan',
  stopping: 'yellow',
  stopped: 'yellow',
  succeeded: 'green',
  failed: 'red',
  lost: 'red',
  cancelled: 'yellow',
  skipped: 'dim',
  active: 'green',
  draining: 'yellow',
}

export const paintState = (paint: Paint, state: string, text = state): string => {
  const style = STATE_STYLES[state]
  return style ? paint(style, text) : text
}
