import { Radio, SimpleGrid, Text } from '@mantine/core'
import { TEMPLATES, type TemplateId } from './templates'

/** What the flag is made for. */
export function TemplateChoice({ value, onChange }: { value: TemplateId; onChange: (id: TemplateId) => void }) {
  return (
    <Radio.Group aria-label="What the flag is for" value={value} onChange={id => onChange(id as TemplateId)} mb="md">
      <SimpleGrid cols={{ base: 1, xs: 2, sm: 3, lg: 5 }} spacing="xs">
        {TEMPLATES.map(({ id, name, wish }) => (
          <Radio.Card
            key={id}
            value={id}
            p="sm"
            bg="var(--card)"
            style={{
              borderColor: id === value ? 'var(--mantine-primary-color-filled)' : 'var(--line)',
              boxShadow: id === value ? '0 0 0 1px var(--mantine-primary-color-filled)' : undefined,
            }}
          >
            <Text size="sm" fw={600}>
              {name}
            </Text>
            <Text size="xs" c="dimmed">
              {wish}
            </Text>
          </Radio.Card>
        ))}
      </SimpleGrid>
    </Radio.Group>
  )
}
