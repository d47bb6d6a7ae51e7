import type { ExecutionState } from '../../core/execution.ts'
import { EXECUTION_STATES, FIRST_EXECUTION_STATES, successorsOf } from '../../core/execution-state.ts'

const list = (states: readonly ExecutionState[]): string => states.map((s) => `'${s}'`).join(', ')

const allowed = EXECUTION_STATES.map((from) => [from, successorsOf(from)] as const)
  .filter(([, to]) => to.length > 0)
  .map(([from, to]) => `(OLD.state = '${from}' AND NEW.state IN (${list(to)}))`)
  .join(' OR ')

/** Its labels change, nothing else: that may a final one as well. */
const unmoved = '(OLD.state = NEW.state AND OLD.status = NEW.status)'

/** The core's state table as triggers, by name. They are replaced at opening when the table has changed. */
export const EXECUTION_RULES: Readonly<Record<string, string>> = {
  executions_first: `CREATE TRIGGER executions_first BEFORE INSERT ON executions
WHEN NEW.state NOT IN (${list(FIRST_EXECUTION_STATES)})
BEGIN SELECT RAISE(ABORT, 'no execution begins in this state'); END`,
  executions_next: `CREATE TRIGGER executions_next BEFORE UPDATE ON executions
WHEN NEW.version <> OLD.version + 1 OR NEW.id <> OLD.id OR NEW.tenant <> OLD.tenant OR NOT (${unmoved} OR ${allowed})
BEGIN SELECT RAISE(ABORT, 'no execution changes like that'); END`,
}
