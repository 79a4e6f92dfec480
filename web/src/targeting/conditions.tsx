import { ActionIcon, Button, Group, Text, VisuallyHidden } from '@mantine/core'
import { IconCopy, IconFilter, IconPlus } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { Fragment } from 'react'
import { attributesQuery } from '~/api/contexts'
import type { Fault } from '~/api/failure'
import { ConditionRow, type FilterChoice } from './condition-row'
import './conditions.css'
import { faultsAt, messageAt } from './faults'
import type { Condition, Rule } from './operators'

const BLANK: Condition = { attribute: '', operator: 'ONE_OF', value: [] }

/**
 * Edits whom something is for: rules of which one has to match, each of conditions that all have to hold. No rule means
 * everybody.
 */
export function ConditionBuilder({
  rules,
  onChange,
  environmentKey,
  savedFilters,
  faults,
  readOnly = false,
  nobody,
}: {
  rules: Rule[]
  onChange: (rules: Rule[]) => void
  /** Key or id of the environment whose attributes are suggested; none suggests nothing. */
  environmentKey?: string
  /** What conditions can name instead of a comparison; none where that is not possible. */
  savedFilters?: FilterChoice[]
  /** What is wrong, with pointers from the list of rules on: `/0/conditions/1/value`. */
  faults?: Fault[]
  readOnly?: boolean
  /** What it means that there is no rule, where that is not everybody. */
  nobody?: string
}) {
  const { data: attributes } = useQuery({
    ...attributesQuery(environmentKey ?? ''),
    enabled: environmentKey !== undefined,
  })
  const setRule = (at: number, rule: Rule | null) => {
    const conditions = rule?.conditions ?? []
    // A rule without conditions would be refused; without its last condition it is gone.
    onChange(
      conditions.length === 0
        ? rules.filter((_, position) => position !== at)
        : rules.map((old, position) => (position === at ? { conditions } : old)),
    )
  }
  const add = () => onChange([...rules, { conditions: [BLANK] }])
  if (rules.length === 0)
    return (
      <Group gap="xs">
        <Text size="sm">{nobody ?? 'Everybody.'}</Text>
        {!readOnly && (
          <Button variant="light" size="compact-sm" leftSection={<IconPlus size={14} />} onClick={add}>
            {nobody === undefined ? 'Only those who match conditions' : 'Add a rule'}
          </Button>
        )}
      </Group>
    )
  return (
    <div>
      <VisuallyHidden>
        {rules.length === 1
          ? 'All conditions have to hold.'
          : 'One of the rules has to match; in each, all conditions have to hold.'}
      </VisuallyHidden>
      {rules.map((rule, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: rules have no identity but their place
        <Fragment key={at}>
          {at > 0 && <div className="or">OR</div>}
          <RuleBox
            rule={rule}
            number={at + 1}
            attributes={attributes ?? []}
            savedFilters={savedFilters}
            faults={faultsAt(faults, `/${at}`)}
            readOnly={readOnly}
            onChange={rule => setRule(at, rule)}
            onDuplicate={() => onChange(rules.toSpliced(at + 1, 0, structuredClone(rule)))}
          />
        </Fragment>
      ))}
      {messageAt(faults, '') && (
        <Text size="xs" c="var(--mantine-color-error)" mt={4} role="alert">
          {messageAt(faults, '')}
        </Text>
      )}
      {!readOnly && (
        <Button variant="subtle" size="compact-sm" mt={6} leftSection={<IconPlus size={14} />} onClick={add}>
          Or another rule
        </Button>
      )}
    </div>
  )
}

function RuleBox({
  rule,
  number,
  attributes,
  savedFilters,
  faults,
  readOnly,
  onChange,
  onDuplicate,
}: {
  rule: Rule
  number: number
  attributes: Parameters<typeof ConditionRow>[0]['attributes']
  savedFilters: FilterChoice[] | undefined
  faults: Fault[]
  readOnly: boolean
  onChange: (rule: Rule | null) => void
  onDuplicate: () => void
}) {
  const { conditions } = rule
  const set = (at: number, condition: Condition) =>
    onChange({ conditions: conditions.map((old, position) => (position === at ? condition : old)) })
  const add = (condition: Condition) => onChange({ conditions: [...conditions, condition] })
  const wrong = messageAt(faults, '/conditions') ?? messageAt(faults, '')
  return (
    <fieldset className="rule" aria-label={`Rule ${number}`}>
      <div className="conditions">
        {conditions.map((condition, at) => (
          <ConditionRow
            // biome-ignore lint/suspicious/noArrayIndexKey: conditions have no identity but their place
            key={at}
            condition={condition}
            place={`condition ${at + 1} of rule ${number}`}
            conjunction={at === 0 ? 'IF' : 'AND'}
            attributes={attributes}
            savedFilters={savedFilters ?? []}
            faults={faultsAt(faults, `/conditions/${at}`)}
            readOnly={readOnly}
            onChange={condition => set(at, condition)}
            onRemove={() => onChange({ conditions: conditions.filter((_, position) => position !== at) })}
          />
        ))}
      </div>
      {wrong && (
        <Text size="xs" c="var(--mantine-color-error)" mt={4} ml={58} role="alert">
          {wrong}
        </Text>
      )}
      {!readOnly && (
        <Group gap={4} mt={6} ml={54}>
          <Button variant="subtle" size="compact-xs" leftSection={<IconPlus size={13} />} onClick={() => add(BLANK)}>
            And a condition
          </Button>
          {savedFilters && (
            <Button
              variant="subtle"
              size="compact-xs"
              leftSection={<IconFilter size={13} />}
              onClick={() => add({ saved_filter_id: '' })}
            >
              And a saved filter
            </Button>
          )}
          <ActionIcon
            variant="subtle"
            color="gray"
            size="sm"
            ml="auto"
            onClick={onDuplicate}
            aria-label={`Duplicate rule ${number}`}
          >
            <IconCopy size={14} />
          </ActionIcon>
        </Group>
      )}
    </fieldset>
  )
}
