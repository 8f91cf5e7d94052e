-- oldest: 1. The first tables.
-- Every table of a tenant's customers. Rows of one customer begin with (tenant, bucket), where bucket is CustomerId.Bucket;
-- crm_key and crm_identity have the bucket of their own value (see Bucket). Instants are ticks of 100 ns since 1970 in UTC,
-- ids and hashes 16 bytes with the high byte first, money minor units with the ISO 4217 code. All text compares by its bytes.
-- Tables that only grow by long rows are not clustered: new rows go to the end, and only the small key goes to its place.

-- kind: 0 a person, 1 a pool (household, team). merged_into: the survivor for whom this id stands for ever.
CREATE TABLE crm_customer (
    tenant      {text}   NOT NULL,
    bucket      {int}    NOT NULL,
    customer_id {blob}   NOT NULL,
    version     {bigint} NOT NULL,
    kind        {int}    NOT NULL,
    identities  {int}    NOT NULL,
    born_at     {bigint} NOT NULL,
    merged_into {blob},
    PRIMARY KEY (tenant, bucket, customer_id)
){clustered}{by-bucket};

CREATE TABLE crm_slot (
    tenant      {text}   NOT NULL,
    bucket      {int}    NOT NULL,
    customer_id {blob}   NOT NULL,
    name        {text}   NOT NULL,
    codec       {int}    NOT NULL,
    content     {blob}   NOT NULL,
    PRIMARY KEY (tenant, bucket, customer_id, name)
){clustered}{by-bucket};

-- The journal; append-only. sent_to: the id that the sender named, where it named one. fields, observations, receipt: Crm.Storage.Binary.
CREATE TABLE crm_event (
    tenant             {text}   NOT NULL,
    bucket             {int}    NOT NULL,
    customer_id        {blob}   NOT NULL,
    version            {bigint} NOT NULL,
    source             {text}   NOT NULL,
    event_key          {text}   NOT NULL,
    kind               {text}   NOT NULL,
    occurred_at        {bigint} NOT NULL,
    effective_at       {bigint} NOT NULL,
    recorded_at        {bigint} NOT NULL,
    channel            {text},
    brand              {text},
    actor              {text},
    spend_minor        {bigint},
    spend_currency     {text},
    original_source    {text},
    original_key       {text},
    sent_to            {blob},
    identity_reference {int},
    backfill           {int}    NOT NULL,
    payload_hash       {blob}   NOT NULL,
    fields             {blob},
    observations       {blob},
    receipt            {blob}   NOT NULL,
    PRIMARY KEY (tenant, bucket, customer_id, version)
){by-bucket};

CREATE TABLE crm_event_line (
    tenant      {text}    NOT NULL,
    bucket      {int}     NOT NULL,
    customer_id {blob}    NOT NULL,
    version     {bigint}  NOT NULL,
    line        {int}     NOT NULL,
    sku         {text}    NOT NULL,
    category    {text},
    quantity    {decimal} NOT NULL,
    minor       {bigint}  NOT NULL,
    currency    {text}    NOT NULL,
    PRIMARY KEY (tenant, bucket, customer_id, version, line)
){by-bucket};

-- One row for every key ever recorded; rows outlive the customer.
CREATE TABLE crm_key (
    tenant       {text}   NOT NULL,
    bucket       {int}    NOT NULL,
    source       {text}   NOT NULL,
    event_key    {text}   NOT NULL,
    payload_hash {blob}   NOT NULL,
    customer_bucket {int} NOT NULL,
    customer_id  {blob}   NOT NULL,
    version      {bigint} NOT NULL,
    PRIMARY KEY (tenant, bucket, source, event_key)
){clustered}{by-bucket};

-- Append-only. line: the place within the commit that made this version.
CREATE TABLE crm_ledger (
    tenant          {text}   NOT NULL,
    bucket          {int}    NOT NULL,
    customer_id     {blob}   NOT NULL,
    version         {bigint} NOT NULL,
    line            {int}    NOT NULL,
    program         {text}   NOT NULL,
    unit            {text}   NOT NULL,
    lot             {text}   NOT NULL,
    amount          {bigint} NOT NULL,
    movement        {int}    NOT NULL,
    cause_source    {text}   NOT NULL,
    cause_key       {text}   NOT NULL,
    occurred_at     {bigint} NOT NULL,
    recorded_at     {bigint} NOT NULL,
    rule            {text},
    code            {text},
    definition      {blob},
    corrects_source {text},
    corrects_key    {text},
    PRIMARY KEY (tenant, bucket, customer_id, version, line)
){by-bucket};

-- content is the exact value; number is the value to compare with in SQL (flags 0 and 1, days and ticks since 1970), null for codes.
CREATE TABLE crm_fact (
    tenant      {text}   NOT NULL,
    bucket      {int}    NOT NULL,
    customer_id {blob}   NOT NULL,
    name        {text}   NOT NULL,
    kind        {int}    NOT NULL,
    content     {text}   NOT NULL,
    number      {number},
    valid_until {bigint},
    PRIMARY KEY (tenant, bucket, customer_id, name)
){clustered}{by-bucket};

CREATE TABLE crm_wakeup (
    tenant       {text}   NOT NULL,
    bucket       {int}    NOT NULL,
    customer_id  {blob}   NOT NULL,
    due_at       {bigint} NOT NULL,
    leased_until {bigint},
    PRIMARY KEY (tenant, bucket, customer_id)
){clustered}{by-bucket};

CREATE INDEX crm_wakeup_due ON crm_wakeup (tenant, due_at);

CREATE TABLE crm_checkpoint (
    tenant      {text}   NOT NULL,
    bucket      {int}    NOT NULL,
    customer_id {blob}   NOT NULL,
    at          {bigint} NOT NULL,
    slots       {blob}   NOT NULL,
    PRIMARY KEY (tenant, bucket, customer_id, at)
){clustered}{by-bucket};

-- state: 0 waiting, 1 settled, 2 withdrawn. A settled row stays for ever, so that no id leaves twice; content goes when a row no longer waits.
CREATE TABLE crm_outbox (
    tenant       {text}   NOT NULL,
    bucket       {int}    NOT NULL,
    customer_id  {blob}   NOT NULL,
    id           {text}   NOT NULL,
    kind         {int}    NOT NULL,
    state        {int}    NOT NULL,
    not_before   {bigint} NOT NULL,
    useful_until {bigint},
    recorded_at  {bigint} NOT NULL,
    version      {bigint} NOT NULL,
    place        {int}    NOT NULL,
    attempts     {int}    NOT NULL,
    leased_until {bigint},
    content      {blob},
    PRIMARY KEY (tenant, bucket, customer_id, id)
){clustered}{by-bucket};

CREATE INDEX crm_outbox_waiting ON crm_outbox (tenant, not_before, recorded_at) WHERE state = 0;

CREATE TABLE crm_quota (
    tenant    {text}   NOT NULL,
    name      {text}   NOT NULL,
    available {bigint} NOT NULL,
    PRIMARY KEY (tenant, name)
){clustered};

-- Append-only, unless every version of a document is removable.
CREATE TABLE crm_document (
    tenant     {text}   NOT NULL,
    kind       {text}   NOT NULL,
    name       {text}   NOT NULL,
    version    {int}    NOT NULL,
    content    {text}   NOT NULL,
    written_at {bigint} NOT NULL,
    removable  {int}    NOT NULL,
    PRIMARY KEY (tenant, kind, name, version)
){clustered};

-- The severable link between a person and a history.
CREATE TABLE crm_identity (
    tenant          {text} NOT NULL,
    bucket          {int}  NOT NULL,
    kind            {text} NOT NULL,
    value           {text} NOT NULL,
    customer_bucket {int}  NOT NULL,
    customer_id     {blob} NOT NULL,
    reference       {int}  NOT NULL,
    PRIMARY KEY (tenant, bucket, kind, value)
){clustered}{by-bucket};

CREATE INDEX crm_identity_customer ON crm_identity (tenant, customer_bucket, customer_id);

CREATE TABLE crm_profile (
    tenant      {text} NOT NULL,
    bucket      {int}  NOT NULL,
    customer_id {blob} NOT NULL,
    content     {blob} NOT NULL,
    PRIMARY KEY (tenant, bucket, customer_id)
){clustered}{by-bucket};

-- Classified text about a person, which the journal only refers to.
CREATE TABLE crm_text (
    tenant      {text}   NOT NULL,
    bucket      {int}    NOT NULL,
    customer_id {blob}   NOT NULL,
    reference   {text}   NOT NULL,
    class       {text}   NOT NULL,
    content     {text}   NOT NULL,
    recorded_at {bigint} NOT NULL,
    PRIMARY KEY (tenant, bucket, customer_id, reference)
){clustered}{by-bucket};
