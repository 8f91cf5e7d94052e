-- oldest: 1. Statements of before name their columns, and a customer with an opening is refused by them with a sentence.
-- opening: what the entries added up to that were disposed of, for which the checkpoint stands (Crm.Storage.Binary); null for all other checkpoints. It is the customer's first, and never goes but for a later one.
ALTER TABLE crm_checkpoint ADD COLUMN opening {blob};

-- receipt: what is left of it when the journal entry of the key has been disposed of; null while the entry is there.
ALTER TABLE crm_key ADD COLUMN receipt {blob};
