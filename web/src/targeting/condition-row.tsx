import { ActionIcon, Autocomplete, Group, Select, Text } from '@mantine/core'
import { IconTrash } from '@tabler/icons-react'
import type { KnownAttribute } from '~/api/contexts'
import type { Fault } from '~/api/failure'
import { messageAt, messageBelow } from './faults'
import { type Condition, choiceOf, OPERATORS, operatorGroups, withOperator } from './operators'
import { Values } from './values'

/** What a saved filter is to a condition. */
export interface FilterChoice {
  id: string
  name: string
}

/** One condition of a rule: an attribute compared, or a saved filter. */
export function ConditionRow({
  condition,
  place,
  conjunction,
  attributes,
  savedFilters,
  faults,
  readOnly,
  onChange,
  onRemove,
}: {
  condition: Condition
  /** Where it stands, for screen readers: “condition 2 of rule 1”. */
  place: string
  /** What stands before it: “If”, “and”. */
  conjunction: string
  attributes: KnownAttribute[]
  savedFilters: FilterChoice[]
  /** With pointers from the condition on. */
  faults: Fault[]
  readOnly: boolean
  onChange: (condition: Condition) => void
  onRemove: () => void
}) {
  return (
    <fieldset className="condition" aria-label={`Condition: ${place}`}>
      <div className="conjunction">{conjunction}</div>
      {typeof condition.saved_filter_id === 'string' ? (
        <Select
          className="filter-choice"
          aria-label={`Saved filter, ${place}`}
          leftSection={
            <Text size="xs" c="dimmed">
              in
            </Text>
          }
          data={filterOptions(savedFilters, condition.saved_filter_id)}
          value={condition.saved_filter_id || null}
          onChange={id => onChange({ saved_filter_id: id ?? '' })}
          placeholder="Choose a saved filter"
          searchable
          readOnly={readOnly}
          error={messageBelow(faults, '')}
        />
      ) : (
        <Comparison
          condition={condition}
          place={place}
          attributes={attributes}
          faults={faults}
          readOnly={readOnly}
          onChange={onChange}
        />
      )}
      {readOnly ? (
        <span />
      ) : (
        <ActionIcon variant="subtle" color="gray" mt={3} onClick={onRemove} aria-label={`Remove ${place}`}>
          <IconTrash size={15} />
        </ActionIcon>
      )}
    </fieldset>
  )
}

/** The filters to choose from, with the one that is named even when it is not among them. */
function filterOptions(filters: FilterChoice[], named: string) {
  const options = filters.map(({ id, name }) => ({ value: id, label: name }))
  const isKnown = named === '' || filters.some(({ id }) => id === named)
  return isKnown ? options : [...options, { value: named, label: `A saved filter (${named.slice(0, 8)})` }]
}

function Comparison({
  condition,
  place,
  attributes,
  faults,
  readOnly,
  onChange,
}: {
  condition: Condition
  place: string
  attributes: KnownAttribute[]
  faults: Fault[]
  readOnly: boolean
  onChange: (condition: Condition) => void
}) {
  const choice = choiceOf(condition)
  const known = attributes.find(({ name }) => name === condition.attribute)
  const seen = (known?.values ?? []).map(({ value }) => String(value))
  const operators = operatorGroups(known?.types ?? []).map(group => ({
    group,
    items: OPERATORS.filter(operator => operator.group === group).map(({ id, words }) => ({ value: id, label: words })),
  }))
  return (
    <>
      <Autocomplete
        aria-label={`Attribute, ${place}`}
        placeholder="Attribute, such as plan"
        data={['id', ...attributes.map(({ name }) => name).filter(name => name !== 'id')]}
        value={condition.attribute ?? ''}
        onChange={attribute => onChange({ ...condition, attribute })}
        error={messageAt(faults, '/attribute') ?? messageAt(faults, '')}
        readOnly={readOnly}
        maxDropdownHeight={280}
        comboboxProps={{ width: 280, position: 'bottom-start' }}
        renderOption={({ option }) => <AttributeOption name={option.value} known={attributes} />}
      />
      <Select
        aria-label={`Operator, ${place}`}
        data={operators}
        value={choice.id}
        onChange={id => id && onChange(withOperator(condition, id))}
        error={messageAt(faults, '/operator')}
        readOnly={readOnly}
        maxDropdownHeight={340}
        comboboxProps={{ width: 210, position: 'bottom-start' }}
      />
      <div>
        <Values
          label={`Value, ${place}`}
          choice={choice}
          values={condition.value ?? []}
          seen={[...new Set(seen)]}
          fault={messageBelow(faults, '/value')}
          readOnly={readOnly}
          onChange={value => onChange({ ...condition, value })}
        />
        {choice.hint && !readOnly && (
          <Text size="xs" c="dimmed" mt={2}>
            {choice.hint}
          </Text>
        )}
      </div>
    </>
  )
}

function AttributeOption({ name, known }: { name: string; known: KnownAttribute[] }) {
  const attribute = known.find(attribute => attribute.name === name)
  const told =
    name === 'id' && attribute === undefined
      ? 'the targeting key'
      : attribute && attribute.types.length > 0
        ? attribute.types.join(' or ')
        : 'not seen yet'
  const values = (attribute?.values ?? []).slice(0, 3).map(({ value }) => String(value))
  return (
    <div style={{ minWidth: 0 }}>
      <Group gap={6} justify="space-between" wrap="nowrap">
        <Text size="sm" truncate>
          {name}
        </Text>
        <Text size="xs" c="dimmed" style={{ whiteSpace: 'nowrap' }}>
          {told}
        </Text>
      </Group>
      {values.length > 0 && (
        <Text size="xs" c="dimmed" truncate>
          {values.join(', ')}
        </Text>
      )}
    </div>
  )
}
