import type { Paint, Style } from './colour.ts'
import type { StepLine } from './log-follower.ts'
import type { Output } from './output.ts'

const STEP_STYLES: readonly Style[] = ['cyan', 'yellow', 'green', 'blue']

export interface LogStyle {
  /** Put the step's name before each line: for more than one step. */
  readonly names: boolean
  readonly timestamps: boolean
}

/**
 * Prints lines as the program wrote them: stdout to stdout, stderr to stderr, byte for byte unless names or times are
 * put in front. Lines of the system go to stderr. With --format json: one JSON document a line.
 */
export function logPrinter(output: Output, style: () => LogStyle): (line: StepLine) => Promise<void> {
  const colours = new Map<string, Style>()
  const nameOf = (paint: Paint, step: string): string => {
    if (!colours.has(step)) colours.set(step, STEP_STYLES[colours.size % STEP_STYLES.length]!)
    return paint(colours.get(step)!, `${step} │ `)
  }
  return async (line) => {
    if (output.format === 'json') return output.line(line)
    const { names, timestamps } = style()
    const stream = line.source === 'stdout' ? 'stdout' : 'stderr'
    const paint = stream === 'stdout' ? output.paint : output.paintNote
    const head = `${timestamps ? `${paint('dim', line.at)} ` : ''}${names ? nameOf(paint, line.step) : ''}`
    const whole = names || timestamps || !(line.split || line.partial)
    if (line.source === 'system') return output.bytes(Buffer.from(`${head}${paint('dim', `# ${line.text}`)}\n`), stream)
    await output.bytes(Buffer.concat([Buffer.from(head), bytesOf(line), Buffer.from(whole ? '\n' : '')]), stream)
  }
}

const bytesOf = (line: StepLine): Buffer =>
  line.base64 === undefined ? Buffer.from(line.text) : Buffer.from(line.base64, 'base64')
