import { Code, Text } from '@mantine/core'
import { valueText } from './answer'

/** A served value; where there is none, that the application's own default applies. */
export function Value({ value, isShort = false }: { value: unknown; isShort?: boolean }) {
  if (value === undefined)
    return (
      <Text span size="sm" c="dimmed" fs="italic">
        {isShort ? 'own default' : 'the application’s own default'}
      </Text>
    )
  const text = isShort || typeof value !== 'object' ? valueText(value) : JSON.stringify(value, null, 2)
  return (
    <Code
      fz={isShort ? 'xs' : 'sm'}
      title={isShort ? text : undefined}
      style={
        isShort
          ? {
              display: 'inline-block',
              maxWidth: 280,
              overflow: 'hidden',
              textOverflow: 'ellipsis',
              whiteSpace: 'nowrap',
              verticalAlign: 'middle',
            }
          : { whiteSpace: 'pre-wrap', overflowWrap: 'anywhere', maxHeight: 240, overflow: 'auto' }
      }
    >
      {text}
    </Code>
  )
}
