-- oldest: 1. An index, of which statements know nothing.
-- The customers of whom journal entries were disposed of: measures over events that reach back to them are asked of these one by one.
CREATE INDEX crm_checkpoint_opening ON crm_checkpoint (tenant, at) WHERE opening IS NOT NULL;
