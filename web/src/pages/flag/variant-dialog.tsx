import { Alert, Button, Group, Input, List, Modal, Stack, Text, TextInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { ApiFailure, messageOf } from '~/api/failure'
import type { Flag, Variant } from '~/api/flags'
import { usesOf, wordsOfUses } from '~/flags/uses'
import { faultOfLine, faultOfValue, keyFrom, laidOut, VALUE_TYPES } from '~/flags/value'
import { ValueField } from '~/flags/value-field'
import { useVariantChange } from '~/flags/variant-changes'
import { WaitsForApproval } from '~/flags/waits'
import { Overtaken } from './overtaken'

/** Where the server finds a member at fault: variants are sent flat. */
const POINTERS = (member: string) => [`/${member}`, `/data/attributes/${member}`]

/** Adds a variant, or changes name and value of one, after saying who gets it. */
export function VariantDialog({
  flag,
  now,
  variant,
  goOn,
  close,
}: {
  /** The flag as it was when the dialog was opened. */
  flag: Flag
  now: Flag
  variant: Variant | null
  /** Takes the flag as it is now for what the dialog was opened with. */
  goOn: () => void
  close: () => void
}) {
  const [name, setName] = useState(variant?.name ?? '')
  const [ownKey, setOwnKey] = useState<string | null>(null)
  const [value, setValue] = useState(variant ? laidOut(variant.value) : '')
  const [isTried, setTried] = useState(false)
  const change = useVariantChange(flag, close)
  const key = variant?.key ?? ownKey ?? keyFrom(name)
  const isTaken = variant === null && flag.variants.some(other => other.key === key)
  const faults = {
    name: faultOfLine(name, 'name'),
    key: faultOfLine(key, 'key') ?? (isTaken ? 'Another variant has this key.' : null),
    value: faultOfValue(flag.value_type, value),
  }
  const failure = change.error instanceof ApiFailure ? change.error : null
  const shown = (member: keyof typeof faults) =>
    (isTried ? faults[member] : null) ??
    POINTERS(member)
      .map(pointer => failure?.at(pointer))
      .find(Boolean) ??
    null
  const uses = variant ? usesOf(flag, variant.id) : []
  const isSameValue = variant !== null && value === laidOut(variant.value)
  const goOnFromNow = () => {
    const theirs = now.variants.find(({ id }) => id === variant?.id)
    // What one has not touched is theirs.
    if (variant && theirs && name === variant.name) setName(theirs.name)
    if (theirs && isSameValue) setValue(laidOut(theirs.value))
    change.reset()
    goOn()
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    setTried(true)
    if (faults.name || faults.key || faults.value) return
    if (variant === null) change.mutate({ kind: 'add', variant: { key, name, value } })
    else change.mutate({ kind: 'change', id: variant.id, variant: isSameValue ? { name } : { name, value } })
  }
  return (
    <Modal
      opened
      onClose={close}
      size="lg"
      title={
        <Text fw={600} span>
          {variant ? `Change ${variant.name}` : `Add a variant to ${flag.name}`}
        </Text>
      }
    >
      <form onSubmit={submit} noValidate>
        <Stack gap="sm">
          <Group grow align="flex-start">
            <TextInput
              label="Name"
              value={name}
              error={shown('name')}
              onChange={event => setName(event.currentTarget.value)}
              data-autofocus
            />
            <TextInput
              label="Key"
              value={key}
              readOnly={variant !== null}
              variant={variant ? 'filled' : undefined}
              error={shown('key')}
              onChange={event => setOwnKey(event.currentTarget.value || null)}
            />
          </Group>
          <Input.Wrapper label={`Value (${VALUE_TYPES[flag.value_type].name})`}>
            <ValueField
              type={flag.value_type}
              label="Value"
              value={value}
              readOnly={flag.value_type === 'BOOLEAN'}
              error={shown('value')}
              onChange={setValue}
            />
          </Input.Wrapper>
          {variant === null && (
            <Text size="sm" c="dimmed">
              Nobody gets it until an allocation or a default says so.
            </Text>
          )}
          {uses.length > 0 && !isSameValue && !change.data && (
            <Alert color="orange" title="Whoever gets this variant gets the new value">
              <List size="sm">
                {wordsOfUses(uses).map(words => (
                  <List.Item key={words}>{words}</List.Item>
                ))}
              </List>
            </Alert>
          )}
          {failure?.status === 412 ? (
            <Overtaken before={flag} now={now} goOn={goOnFromNow} />
          ) : (
            failure && (
              <Alert
                color="red"
                role="alert"
                title={failure.isConflict ? 'Something stands in the way' : 'It was not saved'}
                style={{ whiteSpace: 'pre-line' }}
              >
                {messageOf(failure)}
              </Alert>
            )
          )}
          {change.data ? <WaitsForApproval suggestionId={change.data} /> : null}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={close}>
              {change.data ? 'Close' : 'Cancel'}
            </Button>
            {!change.data && (
              <Button type="submit" loading={change.isPending} disabled={isSameValue && name === variant?.name}>
                {variant ? 'Save' : 'Add'}
              </Button>
            )}
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
